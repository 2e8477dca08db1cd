import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MemcachedClient } from "../memcached/client.ts";
import type { Lane } from "../model/lane.ts";
import type { Checkpoint } from "../store/checkpoints.ts";
import { type DriveOptions, driveQueues, type LaneQueue } from "./drive-queues.ts";
import type { StepState } from "./queue-flush.ts";

/** A queue whose steps give `states`, one after the other; a step with progress commits one slot. */
function fakeQueue(lane: Lane, pointer: number, states: readonly StepState[] = []) {
  let slot = 0;
  let refreshes = 0;
  const rest = [...states];
  const queue: LaneQueue = {
    server: {} as MemcachedClient,
    lane,
    pointer,
    flush: {
      get checkpoint() {
        return { slot } as Checkpoint;
      },
      refresh: async () => {
        refreshes += 1;
      },
      step: async () => {
        if (slot >= pointer) return "empty";
        const state = rest.shift() ?? "progress";
        if (state === "progress") slot += 1;
        return state;
      },
    },
  };
  return { queue, refreshes: () => refreshes };
}

/** Drives the queues, and gives their lanes in the order of the steps. */
async function drive(
  queues: readonly LaneQueue[],
  options: Partial<DriveOptions> = {},
): Promise<string[]> {
  const steps: string[] = [];
  await driveQueues(queues, {
    relief: { reliefSize: 0, reliefChance: 0 },
    step: async queue => {
      const state = await queue.flush.step(queue.pointer, {} as never);
      steps.push(`${queue.lane} ${state}`);
      return state;
    },
    ...options,
  });
  return steps;
}

describe("driveQueues", () => {
  it("driveQueues commits the high lane before the low one, then steps each empty queue once", async () => {
    const [low, high] = [fakeQueue("low", 1), fakeQueue("high", 2)];
    assert.deepEqual(await drive([low.queue, high.queue]), [
      "high progress",
      "high progress",
      "low progress",
      "high empty",
      "low empty",
    ]);
  });

  it("driveQueues commits nothing after its time is up, but steps empty queues", async () => {
    const queues = [fakeQueue("high", 3).queue, fakeQueue("low", 0).queue];
    assert.deepEqual(await drive(queues, { untilMs: 0 }), ["low empty"]);
  });

  it("driveQueues commits nothing after its signal is aborted", async () => {
    const { queue } = fakeQueue("high", 3);
    assert.deepEqual(await drive([queue], { signal: AbortSignal.abort() }), []);
  });

  it("driveQueues leaves a queue with a missing slot unless it is to wait", async () => {
    const { queue } = fakeQueue("high", 1, ["waiting"]);
    assert.deepEqual(await drive([queue]), ["high waiting"]);
  });

  it("driveQueues comes back to a queue with a missing slot when it is to wait", async () => {
    const { queue, refreshes } = fakeQueue("high", 1, ["waiting", "waiting"]);
    assert.deepEqual(await drive([queue], { waitForMissing: true }), [
      "high waiting",
      "high waiting",
      "high progress",
      "high empty",
    ]);
    assert.equal(refreshes(), 2);
  });

  it("driveQueues gives up a queue that another worker holds", async () => {
    const { queue } = fakeQueue("high", 2, ["busy"]);
    assert.deepEqual(await drive([queue], { waitForMissing: true }), ["high busy"]);
  });
});
