/** A ballot that MySQL refuses does not affect the ballots around it. A trigger makes MySQL refuse it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createConnection } from "mysql2/promise";
import { decodeBatch } from "#lib/queue/slot-codec.ts";
import type { Row } from "#lib/store/database.ts";
import { ballot, batch, startFlushBench } from "#test/support/flush-bench.ts";

const bench = await startFlushBench();

describe("a ballot that MySQL refuses, in a full slot", () => {
  it("a refused ballot becomes a dead letter alone, and every other ballot is counted", async () => {
    const poll = await bench.newPoll();
    const many = (count: number) => Array.from({ length: count }, () => ballot(poll));
    const slots = [many(200), many(500), many(300)];
    const bad = slots[1]?.[317];
    assert.ok(bad);
    const admin = await createConnection({ uri: bench.database.adminUrl });
    await admin.query(
      `CREATE TRIGGER refuse_one BEFORE INSERT ON ballots FOR EACH ROW
       IF NEW.voter = 0x${bad.voter} THEN
         SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not this one';
       END IF`,
    );
    await admin.end();
    for (const ballots of slots) await bench.enqueue(bench.producer(), batch(ballots));
    const summary = await bench.newFlusher().pass();
    assert.deepEqual(
      { counted: summary.counted, letters: summary.letters, waiting: summary.waiting },
      { counted: 999, letters: 1, waiting: 0 },
    );
    assert.equal((await bench.totals(poll)).ballots, 999);
    const letters = await bench.store.rows<Row & { bytes: Buffer; ballots: number }>(
      "test.letters",
      "SELECT bytes, ballots FROM dead_letters",
    );
    assert.equal(letters.length, 1);
    const [kept] = decodeBatch(letters[0]?.bytes ?? Buffer.alloc(0))?.ballots ?? [];
    assert.equal(kept?.ballotId, bad.ballotId, "the letter holds its bytes");
  });
});
