/** No poll is final, and no ballot is called lost, before the queues of every home were read. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createLog } from "#lib/base/log.ts";
import { Placement } from "#lib/memcached/placement.ts";
import type { Slug } from "#lib/model/ids.ts";
import { QueueHomes } from "#lib/queue/queue-homes.ts";
import { rebuildTallies } from "#lib/rebuild/rebuild.ts";
import { allQueuesEmpty } from "#lib/receipts/empty-queues.ts";
import { registerProcess } from "#lib/store/fleet-processes.ts";
import { findPoll } from "#lib/store/polls.ts";
import { ballot, batch, startFlushBench } from "#test/support/flush-bench.ts";

const { newFlusher, newPoll, producer, enqueue, store, client, totals } = await startFlushBench();

describe("a home that a worker learns of late", () => {
  it("a pass is not confirmed when a front has a home whose queues it did not read, and the next one is", async () => {
    const flusher = newFlusher();
    await flusher.pass();
    assert.equal(await flusher.confirm(), true);
    await registerProcess(
      store,
      {
        id: "0123456789abcdef",
        role: "front",
        home: 6,
        homes: 4,
        machine: "test",
        pid: 1,
        pidSpace: "test",
        version: "1",
        settings: {},
      },
      { heldSinceMs: undefined, clockAheadMs: 0, serverStep: undefined, settings: {} },
    );
    const poll = await newPoll();
    await enqueue(producer(6), batch([ballot(poll)]));
    assert.equal((await flusher.pass()).counted, 0);
    assert.equal(await flusher.confirm(), false);
    assert.equal(await flusher.confirm(), false);
    // A front whose settings name fewer homes calls no ballot of that home lost either.
    assert.equal(await allQueuesEmpty(store, new QueueHomes(4), [client]), false);
    // Nor does its rebuild of the tallies pass over that ballot.
    const homes = new QueueHomes(4);
    const found = await findPoll(store, `poll-${poll}` as Slug);
    assert.ok(found);
    const tallies = {
      ...{ store, homes, copies: 1, placement: new Placement([client], 1) },
      ...{ clock: { nowMs: Date.now }, log: createLog("test", "silent") },
    };
    const rebuilt = await rebuildTallies(tallies, [found]);
    assert.equal(rebuilt?.find(({ part }) => part === "b")?.is, 1);
    assert.equal((await flusher.pass()).counted, 1);
    assert.equal((await totals(poll)).ballots, 1);
    assert.equal(await flusher.confirm(), true);
    assert.equal(await allQueuesEmpty(store, new QueueHomes(4), [client]), true);
  });
});
