/**
 * Acknowledged batches that MySQL does not have yet, kept in the front's memory. When the servers that
 * hold a batch lose their memory, or stay away, it is brought in again from here; so one copy in memcached
 * is enough to lose nothing, unless the front dies in the same moment.
 *
 * A batch leaves the ring when the checkpoint of one of its queues, published by the worker, has passed
 * its slot there.
 *
 * Invariant: bounded. When it is full the oldest batch is let go and counted: it is still in memcached,
 *   it only can't be replayed any more.
 *
 * What is left of the window is said in `docs/architecture.md`.
 */
import type { Epoch } from "../model/ids.ts";
import type { QueueProducer } from "./producer.ts";

/** No queue's current one, ever. */
const lostEpoch = "lost" as Epoch;

/** Where a batch was written. */
export interface StoredAt {
  readonly producer: QueueProducer;
  readonly epoch: Epoch;
  readonly slot: number;
}

interface Kept {
  /** The encoded batch; `undefined` once it is not needed any more. */
  bytes: Buffer | undefined;
  /** Places that still have it, as far as known. */
  places: number;
}

/** Batches of one queue in one epoch, by rising slot: what is passed is passed from the front. */
class Line {
  #items: { readonly slot: number; readonly kept: Kept }[] = [];
  #head = 0;

  push(slot: number, kept: Kept): void {
    this.#items.push({ slot, kept });
  }

  get rest(): Kept[] {
    return this.#items.slice(this.#head).map(({ kept }) => kept);
  }

  get empty(): boolean {
    return this.#head === this.#items.length;
  }

  *takeUpTo(slot: number): Iterable<Kept> {
    for (let item = this.#items[this.#head]; item; item = this.#items[this.#head]) {
      if (item.slot > slot && item.kept.bytes) break;
      this.#head += 1;
      yield item.kept;
    }
    if (this.#head * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}

export class ReplayRing {
  readonly #bytesMax: number;
  readonly #kept = new Set<Kept>();
  readonly #lines = new Map<QueueProducer, Map<Epoch, Line>>();
  #bytes = 0;
  #dropped = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** How many batches were let go for want of room since this was asked last. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  /** The producers that have batches here. */
  get producers(): readonly QueueProducer[] {
    return [...this.#lines.keys()];
  }

  remember(bytes: Buffer, places: readonly StoredAt[]): void {
    const kept: Kept = { bytes, places: places.length };
    this.#kept.add(kept);
    this.#bytes += bytes.length;
    for (const place of places) this.#line(place).push(place.slot, kept);
    for (const oldest of this.#kept) {
      if (this.#bytes <= this.#bytesMax || oldest === kept) break;
      this.#forget(oldest);
      this.#dropped += 1;
    }
  }

  /** Forgets what has been committed of one queue's epoch. */
  passed(producer: QueueProducer, epoch: Epoch, checkpoint: number): void {
    const line = this.#lines.get(producer)?.get(epoch);
    if (!line) return;
    for (const kept of line.takeUpTo(checkpoint)) this.#forget(kept);
    if (line.empty) this.#drop(producer, epoch);
  }

  /**
   * Of a queue, all epochs but its current one (`undefined`: all) are lost. Takes out the batches that no
   * other server has; the caller brings them in again, or puts them back.
   */
  takeOrphans(producer: QueueProducer, current: Epoch | undefined): Buffer[] {
    const orphans: Buffer[] = [];
    for (const [epoch, line] of [...(this.#lines.get(producer) ?? [])]) {
      if (epoch === current) continue;
      for (const kept of line.rest) {
        kept.places -= 1;
        if (kept.places > 0 || !kept.bytes) continue;
        orphans.push(kept.bytes);
        this.#forget(kept);
      }
      this.#drop(producer, epoch);
    }
    return orphans;
  }

  /** Takes back an orphan that could not be brought in; it is an orphan of the same queue again. */
  putBack(producer: QueueProducer, bytes: Buffer): void {
    this.remember(bytes, [{ producer, epoch: lostEpoch, slot: 0 }]);
  }

  #line({ producer, epoch }: StoredAt): Line {
    const lines = this.#lines.get(producer) ?? new Map<Epoch, Line>();
    this.#lines.set(producer, lines);
    const line = lines.get(epoch) ?? new Line();
    lines.set(epoch, line);
    return line;
  }

  #drop(producer: QueueProducer, epoch: Epoch): void {
    const lines = this.#lines.get(producer);
    lines?.delete(epoch);
    if (lines?.size === 0) this.#lines.delete(producer);
  }

  #forget(kept: Kept): void {
    if (!this.#kept.delete(kept)) return;
    this.#bytes -= kept.bytes?.length ?? 0;
    kept.bytes = undefined;
  }
}
