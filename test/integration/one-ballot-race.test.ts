/**
 * One ballot a voter, where memcached's marks do not help: the same voters' ballots lie in two queues, as after a loss
 * of marks, and two workers flush them at the same time. MySQL's key alone decides. The same test is red without the
 * key, so it does test it.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { it } from "node:test";
import type { PollId, VoterKey } from "#lib/model/ids.ts";
import type { Row } from "#lib/store/database.ts";
import { ballot, batch, startFlushBench } from "#test/support/flush-bench.ts";

const bench = await startFlushBench({ ballotsPerCommit: 20 });

const votersInAll = 200;
const votersInBatch = 20;

/** Enqueues a ballot of each voter in either queue, in opposite orders, and flushes both queues at once. */
async function race(poll: PollId): Promise<void> {
  const voters = Array.from(
    { length: votersInAll },
    () => randomBytes(16).toString("hex") as VoterKey,
  );
  for (const [home, order] of [voters, voters.toReversed()].entries()) {
    const producer = bench.producer(home);
    for (let from = 0; from < order.length; from += votersInBatch) {
      const some = order.slice(from, from + votersInBatch);
      const choices = Uint8Array.of(home + 1);
      await bench.enqueue(producer, batch(some.map(voter => ballot(poll, { voter, choices }))));
    }
  }
  const signal = new AbortController().signal;
  const workers = [bench.newFlusher(), bench.newFlusher()];
  for (let pass = 0; pass < 2; pass++) {
    await Promise.all(workers.map(worker => worker.pass({ signal, waitForMissing: true })));
  }
}

async function assertOneBallotEach(poll: PollId): Promise<void> {
  const [rows] = await bench.store.rows<Row & { readonly rows: number; readonly voters: number }>(
    "test.voters",
    "SELECT COUNT(*) AS `rows`, COUNT(DISTINCT voter) AS voters FROM ballots WHERE poll_id = ?",
    [poll],
  );
  assert.deepEqual({ ...rows }, { rows: votersInAll, voters: votersInAll });
  const { ballots, votes } = await bench.totals(poll);
  const all = votes.reduce((sum, count) => sum + count, 0);
  assert.deepEqual({ ballots, all }, { ballots: votersInAll, all: votersInAll });
}

it("one ballot of each voter counts when two workers flush two queues with the same voters", async () => {
  const poll = await bench.newPoll();
  await race(poll);
  await assertOneBallotEach(poll);
});

it("the race of two workers counts voters twice without MySQL's key, so the key is what is tested", async () => {
  const poll = await bench.newPoll();
  await bench.store.write(
    "test.drop_key",
    "ALTER TABLE ballots DROP PRIMARY KEY, ADD KEY ballots_poll (poll_id, voter)",
  );
  await race(poll);
  await assert.rejects(assertOneBallotEach(poll), assert.AssertionError);
});
