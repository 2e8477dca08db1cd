/** Nothing that can't be taken back is decided after a pass that did not read the queues of every home. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { registerProcess } from "#lib/store/fleet-processes.ts";
import { ballot, batch, startFlushBench } from "#test/support/flush-bench.ts";

const { newFlusher, newPoll, producer, enqueue, store, totals } = await startFlushBench();

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
    assert.equal((await flusher.pass()).counted, 1);
    assert.equal((await totals(poll)).ballots, 1);
    assert.equal(await flusher.confirm(), true);
  });
});
