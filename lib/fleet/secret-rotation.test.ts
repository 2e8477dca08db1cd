import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Slug } from "../model/ids.ts";
import { newestShared, withUnknownSecret } from "./secret-rotation.ts";

const front = (...digests: string[]) => ({ FLOODGATE_SECRET: digests.join(",") });

describe("the secret of new polls", () => {
  for (const [expected, why, own, fronts] of [
    ["b", "no front runs", ["b", "a"], []],
    ["a", "a front does not know the new one", ["b", "a"], [front("b", "a"), front("a")]],
    ["b", "every front knows the new one", ["b", "a"], [front("b", "a"), front("b", "a")]],
    ["b", "a front lacks the old one", ["b", "a"], [front("b", "a"), front("b")]],
    ["a", "this process does not know the new one", ["a"], [front("b", "a")]],
    ["b", "a front with three knows both", ["b", "a"], [front("c", "b", "a"), front("b", "a")]],
    ["a", "a front registered no secret", ["b", "a"], [{}, front("a")]],
  ] as const) {
    it(`the secret of new polls is ${expected} when ${why}`, () => {
      assert.equal(newestShared(own, fronts), expected);
    });
  }
});

describe("polls whose secret is unknown", () => {
  it("polls whose secret is unknown are those that name one which this process does not have", () => {
    const polls = ["a", "b", null].map(digest => ({ digest, polls: 1, slug: "lunch" as Slug }));
    assert.deepEqual(
      withUnknownSecret(polls, ["a"]).map(({ digest }) => digest),
      ["b"],
    );
  });
});
