/** What waits of a queue, a window at a time: each number filed under what is in its slot. */

import { isFloodgateError } from "../base/errors.ts";
import { range } from "../base/lists.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import type { Batch } from "../model/ballot.ts";
import { decodeBatch, plainBatchId } from "../queue/slot-codec.ts";
import { readSlots, slotsPerRead } from "../queue/slots.ts";
import type { Checkpoint } from "../store/checkpoints.ts";
import type { DeadLetter } from "../store/dead-letters.ts";
import type { RecentBatches } from "./recent-batches.ts";

/** What reading a window found. */
export interface Window {
  /** Last number looked at. */
  readonly last: number;
  readonly slots: { slot: number; batch: Batch }[];
  /** Slots whose batch was committed by this process, from another server. */
  readonly copies: number[];
  readonly letters: DeadLetter[];
  readonly tombstones: Set<number>;
  readonly missing: Set<number>;
}

/** How far a window goes: to the pointer, unless it has enough before. Whole slots, so it may be some ballots more. */
export interface WindowBounds {
  readonly pointer: number;
  readonly slotsMax: number;
  readonly ballotsMax: number;
}

/** What need not be read, or not be decoded, again. */
export interface AlreadyCommitted {
  readonly ahead: ReadonlySet<number>;
  readonly recent: RecentBatches;
}

/**
 * Reads what comes after the checkpoint.
 *
 * @throws MemcachedFailure.
 */
export async function readWindow(
  client: MemcachedClient,
  { queue, epoch, slot: after }: Checkpoint,
  { pointer, slotsMax, ballotsMax }: WindowBounds,
  { ahead, recent }: AlreadyCommitted,
): Promise<Window> {
  const window: Window = {
    last: after,
    slots: [],
    copies: [],
    letters: [],
    tombstones: new Set(),
    missing: new Set(),
  };
  let ballots = 0;
  let last = after;
  while (last < pointer && ballots < ballotsMax && window.slots.length < slotsMax) {
    const count = Math.min(slotsPerRead, slotsMax - window.slots.length, ballotsMax);
    const numbers = range(last + 1, Math.min(pointer, last + count));
    last = numbers.at(-1) ?? last;
    const wanted = numbers.filter(slot => !ahead.has(slot));
    const found = await readSlots(client, queue, epoch, wanted);
    for (const slot of wanted) ballots += file(window, slot, found.get(slot), recent);
  }
  return { ...window, last };
}

/** Files one number; gives the number of its ballots. */
function file(
  window: Window,
  slot: number,
  bytes: Buffer | undefined,
  recent: RecentBatches,
): number {
  if (!bytes) {
    window.missing.add(slot);
    return 0;
  }
  const id = plainBatchId(bytes);
  if (id && recent.has(id)) {
    window.copies.push(slot);
    return 0;
  }
  try {
    const batch = decodeBatch(bytes);
    if (batch) window.slots.push({ slot, batch });
    else window.tombstones.add(slot);
    return batch?.ballots.length ?? 0;
  } catch (error) {
    if (!isFloodgateError(error, "slot_corrupt")) throw error;
    const reason = error.detail ?? "does not decode";
    window.letters.push({ pollId: undefined, slot, reason, bytes, ballots: 0 });
    return 0;
  }
}

/** The newest number that has no missing one before it. */
export function reachOf(window: Window, after: number): number {
  let to = after;
  while (to < window.last && !window.missing.has(to + 1)) to += 1;
  return to;
}
