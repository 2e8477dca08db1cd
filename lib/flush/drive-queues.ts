/**
 * The loop that flushes queues: one commit after the other, each from the lane that is next
 * (`model/lane.ts`). Queues of one lane take turns.
 */
import { monotonicMs, sleep } from "../base/clock.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { type Lane, pickLane, type Relief, sumWaiting } from "../model/lane.ts";
import type { QueueFlush, StepState } from "./queue-flush.ts";

/** A queue in a pass. */
export interface LaneQueue {
  readonly server: MemcachedClient;
  readonly lane: Lane;
  /** The newest slot when the pass read the queue. */
  readonly pointer: number;
  readonly flush: Pick<QueueFlush, "checkpoint" | "refresh" | "step">;
}

export interface DriveOptions {
  readonly relief: Relief;
  /** For relief; gives numbers in [0, 1). */
  readonly random?: (() => number) | undefined;
  /** One step of a queue; `undefined` when its server can't be reached, which ends its turns. */
  readonly step: (queue: LaneQueue) => Promise<StepState | undefined>;
  /** Stop between two commits when this is aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Begin no further commit after this moment; monotonic. */
  readonly untilMs?: number;
  /** Stay until missing slots are written or given up. */
  readonly waitForMissing?: boolean;
}

/** Between two reads of a missing slot. */
const missingSlotPollMs = 50;

/** Slots that wait, as far as the pass has seen. */
export function depthOf({ pointer, flush }: LaneQueue): number {
  return Math.max(0, pointer - flush.checkpoint.slot);
}

/**
 * Steps the queues until no more can be committed. Each queue that is empty, or becomes so, is stepped once
 * more, even after the time is up: that step deletes what other workers have committed.
 */
export async function driveQueues(
  queues: readonly LaneQueue[],
  options: DriveOptions,
): Promise<void> {
  const { signal, untilMs = Number.POSITIVE_INFINITY } = options;
  const left = [...queues];
  const postponed: LaneQueue[] = [];
  while (left.length + postponed.length > 0) {
    const mayCommit = !signal?.aborted && monotonicMs() < untilMs;
    const queue = takeNext(left, mayCommit, options);
    if (!queue) {
      if (!mayCommit || postponed.length === 0) break;
      await sleep(missingSlotPollMs, signal);
      for (const each of postponed) await each.flush.refresh();
      left.push(...postponed.splice(0));
      continue;
    }
    const state = await options.step(queue);
    if (state === "progress") left.push(queue);
    if (state === "waiting" && options.waitForMissing) postponed.push(queue);
  }
}

/** Takes out the next queue with something to commit, or else an empty one. */
function takeNext(
  left: LaneQueue[],
  mayCommit: boolean,
  { relief, random }: DriveOptions,
): LaneQueue | undefined {
  const waiting = sumWaiting(left, queue => queue.lane, depthOf);
  const lane = mayCommit ? pickLane(waiting, relief, random) : undefined;
  const index = left.findIndex(queue =>
    lane === undefined ? depthOf(queue) === 0 : queue.lane === lane && depthOf(queue) > 0,
  );
  return index === -1 ? undefined : left.splice(index, 1)[0];
}
