/** Duties of a worker that go on in portions, on a real memcached and MariaDB: none stops at its first one. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DAY } from "#lib/base/clock.ts";
import { Placement } from "#lib/memcached/placement.ts";
import type { PollId } from "#lib/model/ids.ts";
import { keyOfId } from "#lib/model/poll-key.ts";
import { QueueHomes } from "#lib/queue/queue-homes.ts";
import { readRunoff } from "#lib/results/published-runoff.ts";
import { startFlushBench } from "#test/support/flush-bench.ts";
import { batchPruner } from "../../worker/batch-duty.ts";
import { runoffPublisher } from "../../worker/runoff-duty.ts";

const bench = await startFlushBench();
const { store, client, count, deps } = bench;
const clock = { nowMs: Date.now };
const placement = new Placement([client], 1);
const tallies = { clock, store, log: deps.log, placement, homes: new QueueHomes(1), copies: 1 };
/** Each worker that cron starts is a new one. */
const newDuty = () => runoffPublisher({ clock, store, tallies } as never);
const lostBy = async (polls: readonly PollId[]) => {
  const found = await Promise.all(polls.map(id => readRunoff(placement, keyOfId(id))));
  return found.filter(runoff => runoff === null).length;
};

describe("worker duties in portions", () => {
  it("runoffs of ranked polls that were final long ago come back after memcached lost them", async () => {
    const polls: PollId[] = [];
    for (let i = 0; i < 130; i++) polls.push(await bench.newPoll());
    const [openOne, ...finals] = polls;
    await store.write("test.ranked", "UPDATE polls SET kind = 'ranked'", []);
    await store.write("test.final", "UPDATE polls SET finalized_at = ? WHERE id <> ?", [
      new Date(Date.now() - 30 * DAY),
      openOne as PollId,
    ]);
    await newDuty()();
    assert.equal(await lostBy(finals), 0);
    assert.equal(await lostBy([openOne as PollId]), 0);
  });

  it("old batches are deleted in portions until none is left", async () => {
    const old = new Date(Date.now() - 30 * DAY);
    const rows = Array.from(
      { length: 6_000 },
      (_, i) => `(UNHEX(LPAD(HEX(${i}), 24, '0')), 'e', ${i}, 1, ?)`,
    );
    await store.write(
      "test.batches",
      `INSERT INTO batches (batch_id, epoch, slot, ballots, committed_at) VALUES ${rows.join(", ")}`,
      rows.map(() => old),
    );
    const prune = batchPruner({ clock, store });
    await prune();
    await prune();
    assert.equal(await count("batches"), 0);
  });
});
