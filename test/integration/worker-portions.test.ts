/** Duties of a worker that go on in portions, on a real memcached and MariaDB: none stops at its first one. */
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { DAY, monotonicMs } from "#lib/base/clock.ts";
import { tallyKey } from "#lib/memcached/keys.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import { Placement } from "#lib/memcached/placement.ts";
import type { PollId } from "#lib/model/ids.ts";
import { keyOfId } from "#lib/model/poll-key.ts";
import { QueueHomes } from "#lib/queue/queue-homes.ts";
import { readRunoff } from "#lib/results/published-runoff.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { startFlushBench } from "#test/support/flush-bench.ts";
import { batchPruner } from "../../worker/batch-duty.ts";
import { runoffPublisher, stepMsMax } from "../../worker/runoff-duty.ts";

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
  let openOne: PollId;
  const finals: PollId[] = [];
  before(async () => {
    openOne = await bench.newPoll();
    for (let i = 0; i < 129; i++) finals.push(await bench.newPoll());
    await store.write("test.ranked", "UPDATE polls SET kind = 'ranked'", []);
    await store.write("test.final", "UPDATE polls SET finalized_at = ? WHERE id <> ?", [
      new Date(Date.now() - 30 * DAY),
      openOne,
    ]);
  });

  it("the walk through final ranked polls goes on at the newest when it began behind the oldest", async t => {
    t.mock.method(Math, "random", () => 0.001);
    await newDuty()();
    assert.ok((await lostBy(finals)) < finals.length);
  });

  it("runoffs of ranked polls that were final long ago come back after memcached lost them", async () => {
    const loss = new Pipeline();
    for (const id of finals) loss.delete(tallyKey(keyOfId(id), "i"));
    await client.send(loss);
    assert.equal(await lostBy(finals), finals.length);
    const startedMs = monotonicMs();
    await newDuty()();
    const tookMs = monotonicMs() - startedMs;
    const lost = await lostBy(finals);
    assert.ok(lost === 0 || tookMs > stepMsMax, `${lost} lost after ${tookMs} ms`);
    await waitUntil("all runoffs", async () => {
      await newDuty()();
      return (await lostBy(finals)) === 0;
    });
    assert.equal(await lostBy([openOne]), 0);
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
