/** What the doctor makes of a rotation of FLOODGATE_SECRET. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Slug } from "#lib/model/ids.ts";
import type { FleetMember } from "#lib/store/fleet-processes.ts";
import { lineOf } from "./finding.ts";
import { judgeRotation } from "./secret-rotation.ts";

const front = (home: number, secrets: string) =>
  ({
    role: "front",
    home,
    machine: "web-1",
    pid: 4711 + home,
    settings: { FLOODGATE_SECRET: secrets },
  }) as unknown as FleetMember;
const pollsOf = (digest: string, polls = 1) => ({ digest, polls, slug: `of-${digest}` as Slug });
const says = (...args: Parameters<typeof judgeRotation>) =>
  judgeRotation(...args)
    .map(lineOf)
    .join("\n");

describe("findings about a rotation of the secret", () => {
  it("the doctor says nothing of a rotation while one secret is known and enough", () => {
    assert.deepEqual(judgeRotation(["a"], [front(0, "a")], [pollsOf("a")]), []);
  });

  it("the doctor names the front that does not know the new secret", () => {
    const line = says(["b", "a"], [front(0, "b,a"), front(1, "a")], [pollsOf("a")]);
    assert.match(line, /^warn .*rotation is under way: the front of home 1 on web-1/);
  });

  it("the doctor says which polls still need a previous secret, and when none does", () => {
    const fronts = [front(0, "b,a"), front(1, "b,a")];
    assert.match(
      says(["b", "a"], fronts, [pollsOf("a", 3), pollsOf("b")]),
      /^ok .*2 secrets known; every front knows the new one; 3 polls, like "of-a", still need/,
    );
    assert.match(says(["b", "a"], fronts, [pollsOf("b")]), /^warn .*no poll needs a previous one/);
  });

  it("the doctor reports polls whose secret is in none of the settings", () => {
    const line = says(["b"], [front(0, "b")], [pollsOf("a", 2)]);
    assert.match(line, /^wrong .*2 polls that are not final, like "of-a", need a secret/);
  });
});
