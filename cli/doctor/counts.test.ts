/** What the doctor says of the books. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Compared, judgeBooks, judgeDrift, type WatchedBooks } from "./counts.ts";

const levels = (found: readonly { level: string }[]) => found.map(({ level }) => level);

describe("findings about the books", () => {
  const judge = (after: Partial<WatchedBooks>) =>
    judgeBooks(waiting, { ...waiting, ...after }, [], 5_000);
  const none = { replaced: 0, withdrawn: 0, duplicate: 0, setAside: 0, lost: 0, repeated: 0 };
  const waiting = { ...none, accepted: 20, counted: 14, waiting: 6, balanced: true, slots: 1 };

  it("the doctor accepts waiting ballots only when some arrive", () => {
    assert.deepEqual(levels(judge({ counted: 20, waiting: 0, slots: 0 })), ["ok"]);
    assert.deepEqual(levels(judge({ accepted: 25, counted: 15, waiting: 10 })), ["ok"]);
    const [still] = judge({});
    assert.equal(still?.level, "warn");
    assert.equal(still?.says, "6 of 20 accepted ballots wait, and none arrived for 5 seconds");
    assert.deepEqual(levels(judge({ accepted: 30, waiting: 16 })), ["warn"]);
    const unknown = judge({ accepted: 14, waiting: 0 });
    assert.match(unknown[0]?.says ?? "", /^ballots wait in 1 slot, and none arrived/);
  });
});

describe("findings about counts", () => {
  const all = { compared: 3, off: [] };
  const seen = { polls: 8, recounted: 8, rowsOff: [], counting: 3, tallies: all };
  const judge = (change: Partial<Compared>) => judgeDrift({ ...seen, ...change });
  const saysOf = (change: Partial<Compared>) => judge(change).map(({ says }) => says);

  it("the doctor says how many polls it did not compare, and what does", () => {
    assert.deepEqual(saysOf({}), ["rows and totals of 8 polls agree; tallies of 3 agree"]);
    assert.deepEqual(saysOf({ polls: 1_284, recounted: 50, counting: 203 }), [
      "rows and totals of 50 polls agree; tallies of 3 agree; " +
        "rows of 1,234 of 1,284 polls and tallies of 200 of 203 polls not looked at: `floodgate recount` does",
    ]);
    assert.deepEqual(saysOf({ tallies: "tallies not compared: ballots wait in the queues" }), [
      "rows and totals of 8 polls agree; tallies not compared: ballots wait in the queues",
    ]);
  });

  it("the doctor says so beside a difference, too", () => {
    const change = { recounted: 1, rowsOff: ["eel"], tallies: { compared: 3, off: ["cod"] } };
    assert.deepEqual(levels(judge(change)), ["wrong", "wrong", "ok"]);
    assert.equal(saysOf(change)[2], "rows of 7 of 8 polls not looked at: `floodgate recount` does");
    assert.deepEqual(levels(judge({ rowsOff: ["eel"] })), ["wrong"]);
  });
});
