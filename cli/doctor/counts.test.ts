/** What the doctor says of the books. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { judgeBooks, type WatchedBooks } from "./counts.ts";

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
