/**
 * Slots that are committed and still in memcached: kept for as long as is configured, then deleted. Whoever committed
 * them may not live to delete them; so those that others committed, or an earlier life of ours, are looked for.
 *
 * Invariant: a slot gets here only after a commit that moved the checkpoint past it.
 */
import { monotonicMs, SECOND } from "../base/clock.ts";
import { portions } from "../base/lists.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { isTombstone } from "../queue/slot-codec.ts";
import { deleteSlots, expireSlots, readSlots, slotsPerRead } from "../queue/slots.ts";
import type { Checkpoint } from "../store/checkpoints.ts";

interface Kept {
  readonly slots: readonly number[];
  /** The commit's last slot. */
  readonly to: number;
  readonly untilMs: number;
}

export class SlotCleanup {
  readonly #client: MemcachedClient;
  readonly #queue: Pick<Checkpoint, "queue" | "epoch">;
  readonly #keepMs: number;
  readonly #kept: Kept[] = [];
  #unseen: number[] = [];
  #gone: number;

  /** @param keepMs - how long a committed slot stays. */
  constructor(client: MemcachedClient, checkpoint: Checkpoint, keepMs: number) {
    this.#client = client;
    this.#queue = checkpoint;
    this.#keepMs = keepMs;
    this.#gone = checkpoint.deleted;
  }

  /** Slots up to this one are gone from memcached, or go by themselves. */
  get gone(): number {
    return this.#gone;
  }

  /** Another worker says that they are gone up to here. */
  goneUpTo(slot: number): void {
    this.#gone = Math.max(this.#gone, slot);
  }

  /** Of a commit that went up to `to`. */
  add(slots: readonly number[], to: number): void {
    this.#kept.push({ slots, to, untilMs: monotonicMs() + this.#keepMs });
  }

  /** Committed by another worker, or by us without an answer. */
  addUnseen(numbers: readonly number[]): void {
    this.#unseen.push(...numbers);
  }

  async lookAtUnseen(): Promise<void> {
    await this.look(this.#unseen);
    this.#unseen = [];
  }

  /** Adds those that are still there. A portion at a time: kept for long, they may be as many as a whole day's. */
  async look(numbers: readonly number[]): Promise<void> {
    const { queue, epoch } = this.#queue;
    for (const portion of portions(numbers, slotsPerRead)) {
      const left = await readSlots(this.#client, queue, epoch, portion);
      const slots = [...left].filter(([, bytes]) => !isTombstone(bytes)).map(([n]) => n);
      const to = portion.at(-1) ?? 0;
      this.add(slots, to);
      await this.letExpire(slots, to);
    }
  }

  /** Deletes the slots whose time to be kept is over. */
  async deleteDue(): Promise<void> {
    const { queue, epoch } = this.#queue;
    const now = monotonicMs();
    for (let due = this.#kept[0]; due && due.untilMs <= now; due = this.#kept[0]) {
      await deleteSlots(this.#client, queue, epoch, due.slots);
      if (this.#unseen.length === 0) this.goneUpTo(due.to);
      this.#kept.shift();
    }
  }

  /** Slots that are kept go by themselves when their time is over: a one-shot is not there to delete them. */
  async letExpire(slots: readonly number[], to: number): Promise<void> {
    if (this.#keepMs === 0) return;
    const { queue, epoch } = this.#queue;
    // A time to live of n seconds ends somewhere within the n-th.
    const seconds = Math.ceil(this.#keepMs / SECOND) + 1;
    await expireSlots(this.#client, queue, epoch, slots, seconds);
    if (this.#unseen.length === 0) this.goneUpTo(to);
  }
}
