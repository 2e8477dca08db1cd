import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { dependsOnVoter, maySeeResults, type Requester } from "./visibility.ts";

const requesters: readonly Requester[] = ["reader", "voter", "editor"];
const times = { opensAtMs: 1_000, closesAtMs: 2_000, finalizedAtMs: null, resultsFromMs: 1_700 };
const open = 1_500;
const closed = 2_500;

describe("maySeeResults", () => {
  const seenBy = (resultsTo: Parameters<typeof maySeeResults>[0]["resultsTo"], nowMs: number) =>
    requesters.filter(requester => maySeeResults({ ...times, resultsTo }, requester, nowMs));

  it("maySeeResults shows results to the chosen audience while the poll is open", () => {
    assert.deepEqual(seenBy("everyone", open), ["reader", "voter", "editor"]);
    assert.deepEqual(seenBy("voters", open), ["voter", "editor"]);
    assert.deepEqual(seenBy("after_close", open), ["editor"]);
    assert.deepEqual(seenBy("from_date", open), ["editor"]);
    assert.deepEqual(seenBy("staff", open), ["editor"]);
    assert.deepEqual(seenBy("nobody", open), []);
  });

  it("results for readers are visible to everyone after the closing", () => {
    for (const resultsTo of ["everyone", "voters", "after_close", "from_date"] as const) {
      assert.deepEqual(seenBy(resultsTo, closed), ["reader", "voter", "editor"], resultsTo);
    }
    assert.deepEqual(seenBy("staff", closed), ["editor"]);
    assert.deepEqual(seenBy("nobody", closed), []);
  });

  it("results become visible at their date, to the millisecond", () => {
    assert.deepEqual(seenBy("from_date", 1_699), ["editor"]);
    assert.deepEqual(seenBy("from_date", 1_700), ["reader", "voter", "editor"]);
  });

  it("dependsOnVoter is true only while a poll with results for voters is open", () => {
    assert.ok(dependsOnVoter({ ...times, resultsTo: "voters" }, open));
    assert.ok(!dependsOnVoter({ ...times, resultsTo: "voters" }, closed));
    assert.ok(!dependsOnVoter({ ...times, resultsTo: "after_close" }, open));
  });
});
