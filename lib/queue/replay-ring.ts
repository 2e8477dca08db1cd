/**
 * Acknowledged batches that MySQL does not have yet, kept in the front's memory. When a memcached
 * server loses its memory, its batches are enqueued again from here; so one copy in memcached is enough
 * to lose nothing, unless the front dies in the same moment.
 *
 * A batch leaves the ring when the checkpoint published by the worker has passed its slot.
 *
 * Invariant: bounded. When it is full the oldest batch is let go and counted: it is still in memcached,
 *   it only can't be replayed any more.
 *
 * What is left of the window is said in `docs/architecture.md`.
 */
import type { Epoch } from "../ids.ts";
import type { QueueProducer } from "./producer.ts";
import type { Batch } from "./slot-codec.ts";

interface Kept {
  readonly producer: QueueProducer;
  readonly epoch: Epoch;
  readonly slot: number;
  readonly batch: Batch;
  readonly bytes: number;
}

export class ReplayRing {
  readonly #bytesMax: number;
  #kept: Kept[] = [];
  #bytes = 0;
  #dropped = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get batches(): number {
    return this.#kept.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Batches let go because the ring was full. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The producers that have batches here. */
  get producers(): ReadonlySet<QueueProducer> {
    return new Set(this.#kept.map(kept => kept.producer));
  }

  remember(kept: Kept): void {
    this.#kept.push(kept);
    this.#bytes += kept.bytes;
    while (this.#bytes > this.#bytesMax && this.#kept.length > 1) {
      this.#bytes -= this.#kept.shift()?.bytes ?? 0;
      this.#dropped += 1;
    }
  }

  /** Forgets what has been committed of one queue's epoch. */
  passed(producer: QueueProducer, epoch: Epoch, checkpoint: number): void {
    this.#keepOnly(
      kept => kept.producer !== producer || kept.epoch !== epoch || kept.slot > checkpoint,
    );
  }

  /**
   * Takes out the batches of a queue that were written in another epoch than its current one
   * (`undefined`: it has none). The caller enqueues them again, or puts them back.
   */
  takeOrphans(producer: QueueProducer, current: Epoch | undefined): Kept[] {
    const orphans = this.#kept.filter(kept => kept.producer === producer && kept.epoch !== current);
    const taken = new Set(orphans);
    this.#keepOnly(kept => !taken.has(kept));
    return orphans;
  }

  #keepOnly(keep: (kept: Kept) => boolean): void {
    this.#kept = this.#kept.filter(keep);
    this.#bytes = this.#kept.reduce((sum, kept) => sum + kept.bytes, 0);
  }
}
