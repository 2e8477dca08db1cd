/**
 * Committed slots that are still in memcached: kept for the configured time, then deleted. A worker may die
 * between its commit and the deletion, so slots that another worker committed are read and deleted as well.
 *
 * Invariant: a slot gets here only after a commit that moved the checkpoint past it.
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
  readonly untilMs: number;
}

export class SlotCleanup {
  readonly #client: MemcachedClient;
  readonly #queue: Pick<Checkpoint, "queue" | "epoch">;
  readonly #keepMs: number;
  readonly #kept: UndeletedSlots[] = [];
  /** Slots that may still be in memcached. */
  #unchecked: number[] = [];
  #deleted: number;

  /** @param keepMs - how long a committed slot stays. */
  constructor(client: MemcachedClient, checkpoint: Checkpoint, keepMs: number) {
    this.#client = client;
    this.#queue = checkpoint;
    this.#keepMs = keepMs;
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
    this.#kept.push({ slots, to, untilMs: monotonicMs() + this.#keepMs });
  }

  /** Adds slots that another worker committed, or this one in a commit without an answer. */
  addUnchecked(numbers: readonly number[]): void {
    this.#unchecked.push(...numbers);
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
    const now = monotonicMs();
    for (let due = this.#kept[0]; due && due.untilMs <= now; due = this.#kept[0]) {
      await deleteSlots(this.#client, queue, epoch, due.slots);
      if (this.#unchecked.length === 0) this.deletedUpTo(due.to);
      this.#kept.shift();
    }
  }

  /** Makes kept slots expire by themselves, because a one-shot ends before it could delete them. */
  async expire(slots: readonly number[], to: number): Promise<void> {
    if (this.#keepMs === 0) return;
    const { queue, epoch } = this.#queue;
    // A time to live of n seconds ends at some moment of the n-th second.
    const seconds = Math.ceil(this.#keepMs / SECOND) + 1;
    await expireSlots(this.#client, queue, epoch, slots, seconds);
    if (this.#unchecked.length === 0) this.deletedUpTo(to);
  }
}
