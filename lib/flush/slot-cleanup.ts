/**
 * Committed slots that are still in memcached: kept for the configured time, then deleted. A worker may die
 * between its commit and the deletion, so slots that another worker committed are read and deleted as well.
 *
 * Invariant: a slot gets here only after a commit that moved the checkpoint past it.
 * Invariant: a slot that is to be kept is not deleted before MySQL has confirmed, after the keep time, that it still has
 *   the commit. While MySQL does not answer, no keep time ends, so a failover may take as long as it likes.
 */
import { monotonicMs, SECOND } from "../base/clock.ts";
import { portions } from "../base/lists.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { isTombstone } from "../queue/slot-codec.ts";
import { deleteSlots, expireSlots, readSlots, slotsPerRead } from "../queue/slots.ts";
import type { Checkpoint } from "../store/checkpoints.ts";

interface UndeletedSlots {
  readonly slots: readonly number[];
  /** The commit's last slot. */
  readonly to: number;
  /** Monotonic. */
  untilMs: number;
}

/** How long committed slots stay. */
export interface KeepTime {
  readonly keepMs: number;
  /**
   * Slots expire by themselves so long after the keep time: longer than a worker takes to find that MySQL does not
   * answer.
   */
  readonly keepMarginMs: number;
}

export class SlotCleanup {
  readonly #client: MemcachedClient;
  readonly #queue: Pick<Checkpoint, "queue" | "epoch">;
  readonly #keep: KeepTime;
  readonly #kept: UndeletedSlots[] = [];
  /** Slots that may still be in memcached. */
  #unchecked: number[] = [];
  #deleted: number;
  /** When MySQL last had all commits; monotonic. */
  #confirmedMs = Number.NEGATIVE_INFINITY;
  /** When the kept slots were last made to stay longer; monotonic. */
  #prolongedMs = Number.NEGATIVE_INFINITY;

  constructor(client: MemcachedClient, checkpoint: Checkpoint, keep: KeepTime) {
    this.#client = client;
    this.#queue = checkpoint;
    this.#keep = keep;
    this.#deleted = checkpoint.deleted;
  }

  /** Slots up to this one are deleted, or expire by themselves. */
  get deleted(): number {
    return this.#deleted;
  }

  /** Slots up to this one were deleted, by this worker or another. */
  deletedUpTo(slot: number): void {
    this.#deleted = Math.max(this.#deleted, slot);
  }

  /** Adds the slots of a commit that moved the checkpoint to `to`. */
  add(slots: readonly number[], to: number): void {
    this.#kept.push({ slots, to, untilMs: monotonicMs() + this.#keep.keepMs });
  }

  /** MySQL has all commits whose slots are here. */
  confirm(): void {
    this.#confirmedMs = monotonicMs();
  }

  /** MySQL does not answer, and may come back without the latest commits: the keep time of all slots begins again. */
  async prolong(): Promise<void> {
    const { keepMs, keepMarginMs } = this.#keep;
    const now = monotonicMs();
    if (keepMs === 0 || now - this.#prolongedMs < Math.min(keepMs, keepMarginMs) / 4) return;
    this.#prolongedMs = now;
    for (const kept of this.#kept) {
      kept.untilMs = now + keepMs;
      await this.expire(kept.slots, kept.to);
    }
  }

  /** Adds slots that another worker committed, or this one in a commit without an answer. */
  addUnchecked(numbers: readonly number[]): void {
    for (const slot of numbers) this.#unchecked.push(slot);
  }

  /** Reads the slots of `addUnchecked`, and keeps those that are still there until they are due. */
  async checkUnchecked(): Promise<void> {
    await this.findCommitted(this.#unchecked);
    this.#unchecked = [];
  }

  /** Adds those of the slots that are still there; in portions, since they may be the slots of a whole day. */
  async findCommitted(numbers: readonly number[]): Promise<void> {
    const { queue, epoch } = this.#queue;
    for (const portion of portions(numbers, slotsPerRead)) {
      const left = await readSlots(this.#client, queue, epoch, portion);
      const slots = [...left].filter(([, bytes]) => !isTombstone(bytes)).map(([n]) => n);
      const to = portion.at(-1) ?? 0;
      this.add(slots, to);
      await this.expire(slots, to);
    }
  }

  /** Deletes the slots that were kept long enough. */
  async deleteDue(): Promise<void> {
    const { queue, epoch } = this.#queue;
    const nowMs = this.#keep.keepMs === 0 ? monotonicMs() : this.#confirmedMs;
    for (let due = this.#kept[0]; due && due.untilMs <= nowMs; due = this.#kept[0]) {
      await deleteSlots(this.#client, queue, epoch, due.slots);
      if (this.#unchecked.length === 0) this.deletedUpTo(due.to);
      this.#kept.shift();
    }
  }

  /** Makes kept slots expire by themselves, because a one-shot ends before it could delete them. */
  async expire(slots: readonly number[], to: number): Promise<void> {
    const { keepMs, keepMarginMs } = this.#keep;
    if (keepMs === 0) return;
    const { queue, epoch } = this.#queue;
    // A time to live of n seconds ends at some moment of the n-th second.
    const seconds = Math.ceil((keepMs + keepMarginMs) / SECOND) + 1;
    await expireSlots(this.#client, queue, epoch, slots, seconds);
    if (this.#unchecked.length === 0) this.deletedUpTo(to);
  }
}
