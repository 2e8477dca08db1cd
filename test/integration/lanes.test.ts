/** Lanes with a backlog, on a real memcached and a real MariaDB: order, relief, no starvation. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RecentBatches } from "#lib/flush/recent-batches.ts";
import type { BatchId } from "#lib/model/ids.ts";
import { type Lane, lanes, type Relief } from "#lib/model/lane.ts";
import { ballot, batch, startFlushBench } from "#test/support/flush-bench.ts";
import { mulberry32 } from "#test/support/random.ts";

const bench = await startFlushBench();

/** Fills the lanes with `slots`, flushes slot by slot, and returns the lanes in the order of commits. */
async function flushBacklog(
  slots: Readonly<Record<Lane, number>>,
  relief: Relief,
): Promise<{ readonly order: readonly Lane[]; readonly counted: number }> {
  const poll = await bench.newPoll();
  const laneOfBatch = new Map<string, Lane>();
  for (const lane of lanes) {
    const producer = bench.producer(0, lane);
    for (let i = 0; i < slots[lane]; i++) {
      const slot = batch([ballot(poll)]);
      laneOfBatch.set(slot.id.toString("hex"), lane);
      await bench.enqueue(producer, slot);
    }
  }
  const order: Lane[] = [];
  class Recorded extends RecentBatches {
    override add(ids: readonly BatchId[]): void {
      super.add(ids);
      for (const id of ids) order.push(laneOfBatch.get(id.toString("hex")) ?? "normal");
    }
  }
  const flusher = bench.newFlusher({
    ballotsPerCommit: 1,
    relief,
    random: mulberry32(11),
    recent: new Recorded(),
  });
  const { counted } = await flusher.pass();
  return { order, counted };
}

const lastOf = (order: readonly Lane[], lane: Lane) => order.lastIndexOf(lane);

describe("a backlog in three lanes", () => {
  it("a backlog is flushed high, normal, low when relief is off", async () => {
    const slots = { high: 40, normal: 40, low: 40 };
    const { order, counted } = await flushBacklog(slots, { reliefSize: 0, reliefChance: 0 });
    assert.equal(counted, 120);
    assert.ok(lastOf(order, "high") < order.indexOf("normal"));
    assert.ok(lastOf(order, "normal") < order.indexOf("low"));
  });

  it("the flush relieves lower lanes down to the relief size while higher lanes are full", async () => {
    const slots = { high: 120, normal: 80, low: 80 };
    const reliefSize = 60;
    const { order, counted } = await flushBacklog(slots, { reliefSize, reliefChance: 30 });
    assert.equal(counted, 280);
    const duringHigh = order.slice(0, lastOf(order, "high"));
    const relieved = (lane: Lane) => duringHigh.filter(each => each === lane).length;
    // Each may go down to one less than the size by relief, and no further while high has ballots.
    for (const lane of ["normal", "low"] as const) {
      assert.ok(relieved(lane) > 0, `${lane} starved`);
      assert.ok(relieved(lane) <= slots[lane] - reliefSize + 1, `${lane} got ${relieved(lane)}`);
    }
  });

  it("a pass ends after its time so that a higher lane goes first", async () => {
    const poll = await bench.newPoll();
    const low = bench.producer(1, "low");
    for (let i = 0; i < 50; i++) await bench.enqueue(low, batch([ballot(poll)]));
    const flusher = bench.newFlusher({ ballotsPerCommit: 1 });
    const first = await flusher.pass({ withinMs: 1 });
    assert.ok(first.commits < 50, "its time was up before the backlog was gone");
    await bench.enqueue(bench.producer(1, "high"), batch([ballot(poll)]));
    const second = await flusher.pass({ withinMs: 1 });
    assert.ok(second.commits > 0 && second.waiting < first.waiting + 1);
    const rest = await flusher.pass();
    assert.equal(rest.waiting, 0);
    assert.deepEqual((await bench.totals(poll)).ballots, 51);
  });
});
