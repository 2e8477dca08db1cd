/**
 * The order of locks (`lib/flush/transaction.ts`): whoever brings ballots takes the books last, behind the
 * totals. One of them that took them earlier could deadlock with the others, or with an editor who deletes.
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

/** Somebody is at the statement that adds to the totals. */
async function atTheTotals(): Promise<boolean> {
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
  "a front": brought => commitDirectly(store, brought, true, Date.now()),
  "a letter": async brought => {
    const pollId = brought.ballots[0]?.pollId;
    const bytes = encodeBatch(brought);
    const letter = { pollId, slot: 1, reason: "a test", bytes, ballots: 0 };
    await insertDeadLetters(store, "epochoftests" as Epoch, [letter], Date.now());
    await redriveLetter(store, (await listDeadLetters(store)).at(-1)?.id ?? 0);
  },
};

describe("ballots that are brought", () => {
  for (const [name, bring] of Object.entries(ways)) {
    it(`by ${name} lock the books last`, async () => {
      const poll = await newPoll();
      const first = batch([ballot(poll)]);
      await bring(first);
      const sameLife = Buffer.from(first.id.subarray(0, producerBytes));
      const id = Buffer.concat([sameLife, randomBytes(12 - producerBytes)]) as BatchId;
      const next = batch([ballot(poll)], { id });
      const bringing = await admin.transaction(async db => {
        await db.rows("test.hold", "SELECT * FROM poll_totals WHERE poll_id = ? FOR UPDATE", [
          poll,
        ]);
        const done = bring(next);
        await waitUntil("it waits for the totals", atTheTotals);
        const books = "SELECT * FROM acceptances WHERE poll_id = ? FOR UPDATE NOWAIT";
        assert.equal((await db.rows("test.books", books, [poll])).length, 1);
        return { done };
      });
      await bringing.done;
      assert.equal((await totals(poll)).ballots, 2);
    });
  }
});
