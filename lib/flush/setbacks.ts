/**
 * Setbacks: MySQL is at an earlier state than a worker has left it in, because a replica that lagged was promoted or a
 * backup was restored. What was committed in between is gone from MySQL, and still in memcached if slots are kept.
 *
 * A setback shows in a checkpoint that is lower than it was, or whose row is missing. How far it was is known from
 * outside MySQL: from this worker's own commits, and from the checkpoint that every worker publishes in memcached after
 * a commit, so that a new worker finds a setback as well.
 *
 * Invariant: another worker's commits are no setback. They only move a checkpoint forward, and the published one is
 *   read before MySQL's. A cluster node that has not applied a commit yet gets a moment to do so.
 * Invariant: after a setback, the flush goes on. A checkpoint stands before the oldest slot that is still there;
 *   between that and the newest slot that was committed once, a missing slot was deleted and is passed without a
 *   tombstone.
 */
import { monotonicMs, SECOND, sleep } from "../base/clock.ts";
import { range } from "../base/lists.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import type { Epoch, QueueName } from "../model/ids.ts";
import { publishCheckpoint, reviveSlots, slotsPerRead } from "../queue/slots.ts";
import {
  type Checkpoint,
  openCheckpoint,
  type Progress,
  readCheckpoint,
  readProgress,
  skipCheckpoint,
} from "../store/checkpoints.ts";
import type { FlushDeps } from "./deps.ts";

/** How far a worker has committed an epoch. */
export interface LeftAt {
  readonly queue: QueueName;
  readonly epoch: Epoch;
  /** The checkpoint as a worker left it; 0 when none has. */
  readonly slot: number;
  /** This worker has seen the row of its checkpoint, maybe at slot 0: batches behind a missing slot do not move it. */
  readonly wasOpen: boolean;
  /** MySQL lacks a batch that was committed behind a missing slot: a setback, wherever the checkpoint is. */
  readonly lacksBatch: boolean;
}

export interface Setback extends LeftAt {
  /** The checkpoint in MySQL; `undefined`: its row is missing. */
  readonly found: number | undefined;
}

type SetbackDeps = Pick<FlushDeps, "store" | "clock" | "log">;

/** How long a cluster node may take to apply a commit of another node. */
const applyMsMax = SECOND;
const applyPauseMs = 250;
/** The search for kept slots ends after so many numbers in a row without one. */
const goneInARowMax = 4_096;

/** The epochs of `left` whose commits MySQL lacks, and what MySQL has. One query, unless there are some. */
export async function findSetbacks(
  { store }: SetbackDeps,
  left: readonly LeftAt[],
): Promise<Progress & { readonly setbacks: readonly Setback[] }> {
  const untilMs = monotonicMs() + applyMsMax;
  for (;;) {
    const { generation, open } = await readProgress(store);
    const found = new Map(open.map(({ epoch, slot }) => [epoch, slot]));
    const setbacks: Setback[] = [];
    for (const each of left) {
      const slot = found.get(each.epoch) ?? (await closedSlot(store, each));
      const hadRow = each.slot > 0 || each.wasOpen;
      const isBehind = each.slot > (slot ?? 0) || (hadRow && slot === undefined);
      if (isBehind || each.lacksBatch) setbacks.push({ ...each, found: slot });
    }
    const mayBeApplying = setbacks.some(({ lacksBatch }) => !lacksBatch);
    if (!mayBeApplying || monotonicMs() > untilMs) return { setbacks, generation, open };
    await sleep(applyPauseMs);
  }
}

/** The checkpoint of an epoch that is not open; `undefined`: MySQL has no row of it. */
async function closedSlot(
  store: SetbackDeps["store"],
  { epoch, slot, wasOpen }: LeftAt,
): Promise<number | undefined> {
  return slot > 0 || wasOpen ? (await readCheckpoint(store, epoch))?.slot : undefined;
}

/**
 * Lets the flush of an epoch go on: its checkpoint moves to just before the oldest slot that is still in memcached.
 *
 * @param onceUpTo - the newest slot that was committed once.
 * @throws MemcachedFailure, StoreFailure: done again after the next search for setbacks.
 */
export async function reopenEpoch(
  { store, clock, log }: SetbackDeps,
  client: MemcachedClient,
  { queue, epoch, slot, found }: Setback,
  onceUpTo: number,
): Promise<void> {
  const after = found ?? 0;
  const oldest = await oldestKept(client, { queue, epoch }, after, onceUpTo);
  const to = Math.max(after, (oldest ?? onceUpTo + 1) - 1);
  const nowMs = clock.nowMs();
  if (found === undefined) {
    await openCheckpoint(store, { epoch, server: client.name, queue, slot: to }, nowMs);
  } else if (to > found) {
    await skipCheckpoint(store, epoch, { from: found, to }, nowMs);
  }
  // Another worker may have been first. From now on the checkpoint is no setback any more.
  const now = await readCheckpoint(store, epoch);
  if (now) await publishCheckpoint(client, queue, epoch, now.slot);
  const what = { server: client.name, queue, epoch, from: slot, to: found ?? null };
  log.error(
    { event: "mysql_went_back", ...what, resumedAfter: to, gone: to - after },
    "MySQL lacks commits of this queue; the slots that are still in memcached are flushed again",
  );
}

/** The oldest slot after `after` that still exists, searched backwards from `upTo`. */
async function oldestKept(
  client: MemcachedClient,
  { queue, epoch }: Pick<Checkpoint, "queue" | "epoch">,
  after: number,
  upTo: number,
): Promise<number | undefined> {
  let oldest: number | undefined;
  let goneInARow = 0;
  for (let last = upTo; last > after && goneInARow < goneInARowMax; last -= slotsPerRead) {
    const numbers = range(Math.max(after, last - slotsPerRead) + 1, last);
    const left = await reviveSlots(client, queue, epoch, numbers);
    oldest = numbers.find(slot => left.has(slot)) ?? oldest;
    goneInARow = left.size > 0 ? 0 : goneInARow + numbers.length;
  }
  return oldest;
}
