/**
 * The order of locks (`lib/flush/settle.ts`): every transaction with ballots locks the acceptances last, after the
 * totals. One that locked them earlier could deadlock with the others, or with an editor who deletes the poll.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, describe, it } from "node:test";
import { SECOND } from "#lib/base/clock.ts";
import { commitDirectly } from "#lib/flush/direct.ts";
import { redriveLetter } from "#lib/flush/redrive.ts";
import type { Batch } from "#lib/model/ballot.ts";
import { type BatchId, type Epoch, producerBytes } from "#lib/model/ids.ts";
import { encodeBatch } from "#lib/queue/slot-codec.ts";
import { type Row, Store } from "#lib/store/database.ts";
import { insertDeadLetters, listDeadLetters } from "#lib/store/dead-letters.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { ballot, batch, startFlushBench } from "#test/support/flush-bench.ts";

const { database, store, enqueue, newFlusher, newPoll, producer, totals } = await startFlushBench();

const admin = new Store({
  url: database.adminUrl,
  connectionsMax: 2,
  statementMs: 10 * SECOND,
});
after(() => admin.close());

/** True while a connection runs the statement that adds to the totals. */
async function addsToTotals(): Promise<boolean> {
  const [row] = await admin.rows<Row & { n: number }>(
    "test.waiting",
    `SELECT COUNT(*) AS n FROM information_schema.processlist
     WHERE info LIKE '%totals.add_polls%' AND id <> CONNECTION_ID()`,
  );
  return Number(row?.n) > 0;
}

const ways: Readonly<Record<string, (brought: Batch) => Promise<unknown>>> = {
  "a flush": async brought => {
    await enqueue(producer(), brought);
    await newFlusher().pass();
  },
  "a direct commit": brought => commitDirectly(store, brought, true, Date.now()),
  "a re-driven dead letter": async brought => {
    const pollId = brought.ballots[0]?.pollId;
    const bytes = encodeBatch(brought);
    const letter = { pollId, slot: 1, reason: "a test", bytes, ballots: 0 };
    await insertDeadLetters(store, "epochoftests" as Epoch, [letter], Date.now());
    await redriveLetter(store, (await listDeadLetters(store)).at(-1)?.id ?? 0);
  },
};

describe("the lock order of a transaction with ballots", () => {
  for (const [name, bring] of Object.entries(ways)) {
    it(`${name} locks acceptances after totals`, async () => {
      const poll = await newPoll();
      const first = batch([ballot(poll)]);
      await bring(first);
      const sameRun = Buffer.from(first.id.subarray(0, producerBytes));
      const id = Buffer.concat([sameRun, randomBytes(12 - producerBytes)]) as BatchId;
      const next = batch([ballot(poll)], { id });
      const bringing = await admin.transaction(async db => {
        await db.rows("test.lock", "SELECT * FROM poll_totals WHERE poll_id = ? FOR UPDATE", [
          poll,
        ]);
        const done = bring(next);
        await waitUntil("the transaction waits for the totals", addsToTotals);
        const books = "SELECT * FROM acceptances WHERE poll_id = ? FOR UPDATE NOWAIT";
        assert.equal((await db.rows("test.books", books, [poll])).length, 1);
        return { done };
      });
      await bringing.done;
      assert.equal((await totals(poll)).ballots, 2);
    });
  }
});
