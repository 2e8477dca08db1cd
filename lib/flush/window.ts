/** Reads the waiting slots of a queue, a window at a time, and sorts them by what is in them. */

import { isFloodgateError } from "../base/errors.ts";
import { range } from "../base/lists.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import type { Batch } from "../model/ballot.ts";
import { decodeBatch, plainBatchId } from "../queue/slot-codec.ts";
import { readSlots, slotsPerRead } from "../queue/slots.ts";
import type { Checkpoint } from "../store/checkpoints.ts";
import type { DeadLetter } from "../store/dead-letters.ts";
import type { RecentBatches } from "./recent-batches.ts";

export interface Window {
  /** The last number that was read. */
  readonly last: number;
  readonly slots: { slot: number; batch: Batch }[];
  /** Slots whose batch this process has committed from another server. */
  readonly copies: number[];
  readonly deadLetters: DeadLetter[];
  readonly tombstones: Set<number>;
  readonly missing: Set<number>;
}

/** A window ends at the pointer, or with the slot that reaches one of the limits. */
export interface WindowBounds {
  readonly pointer: number;
  readonly slotsMax: number;
  readonly ballotsMax: number;
}

/** Slots that need not be read, and batches that need not be decoded, again. */
export interface AlreadyCommitted {
  readonly ahead: { has(slot: number): boolean };
  readonly recent: RecentBatches;
  /** Slots up to this one were committed once, before MySQL lost it: one that is not there has been deleted. */
  readonly onceUpTo: number;
}

/**
 * Reads the slots after the checkpoint.
 *
 * @throws MemcachedFailure.
 */
export async function readWindow(
  client: MemcachedClient,
  { queue, epoch, slot: after }: Checkpoint,
  { pointer, slotsMax, ballotsMax }: WindowBounds,
  { ahead, recent, onceUpTo }: AlreadyCommitted,
): Promise<Window> {
  const window: Window = {
    last: after,
    slots: [],
    copies: [],
    deadLetters: [],
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
    for (const slot of wanted) {
      const bytes = found.get(slot);
      if (bytes) ballots += classify(window, slot, bytes, recent);
      else if (slot > onceUpTo) window.missing.add(slot);
    }
  }
  return { ...window, last };
}

/** Adds one slot to the window; returns the number of its ballots. */
function classify(window: Window, slot: number, bytes: Buffer, recent: RecentBatches): number {
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
    window.deadLetters.push({ pollId: undefined, slot, reason, bytes, ballots: 0 });
    return 0;
  }
}

/** The newest slot after `after` that has no missing one before it. */
export function reachOf(window: Window, after: number): number {
  let to = after;
  while (to < window.last && !window.missing.has(to + 1)) to += 1;
  return to;
}
