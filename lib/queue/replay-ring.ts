/**
 * Acknowledged batches that MySQL does not have yet, kept in the front's memory. When the servers that hold a batch lose
 * their memory, or stay away, the batch is enqueued again from here. So one copy in memcached loses no batch, unless
 * the front dies in the same moment (`docs/architecture.md`, "What is promised, and what is not").
 *
 * A batch that is on fewer servers than it should be, because one was away or came back empty, gets its missing copy from
 * here as well (`thinned`).
 *
 * A batch leaves the ring when the published checkpoint of one of its queues has passed its slot there.
 *
 * A batch that left the ring because it was committed can't come back from here when MySQL goes back to an earlier state:
 * the worker flushes it again from its slot, within the keep time (`flush/setbacks.ts`).
 *
 * Invariant: bounded. A full ring drops its oldest batch and counts it: the batch is still in memcached, but can't be
 *   replayed any more.
 */
import type { MemcachedClient } from "../memcached/client.ts";
import type { Epoch } from "../model/ids.ts";
import type { QueueProducer } from "./producer.ts";

/** Never the current epoch of a queue. */
const lostEpoch = "lost" as Epoch;

/** Where a batch was written. */
export interface StoredAt {
  readonly producer: QueueProducer;
  readonly epoch: Epoch;
  readonly slot: number;
}

interface KeptBatch {
  /** The encoded batch; `undefined` when it is not needed any more, or was dropped. */
  bytes: Buffer | undefined;
  /** The servers that still have it, as far as known. */
  readonly servers: Set<MemcachedClient>;
  /** When its oldest ballot was received; site's time. */
  readonly receivedAtMs: number;
  /** False when it is in MySQL, or on no server and not in this ring. */
  waiting: boolean;
}

/** A batch that is on fewer servers than it should be. */
export interface Thinned {
  readonly bytes: Buffer;
  /** False once MySQL has it, or no server. */
  readonly waiting: boolean;
  readonly servers: ReadonlySet<MemcachedClient>;
}

/** A batch that no server has any more. */
export interface Orphan {
  readonly bytes: Buffer;
  readonly receivedAtMs: number;
}

/** Batches of one queue in one epoch, sorted by slot; committed batches are removed from the head. */
class Line {
  #items: { readonly slot: number; readonly kept: KeptBatch }[] = [];
  #head = 0;

  push(slot: number, kept: KeptBatch): void {
    this.#items.push({ slot, kept });
  }

  get remaining(): KeptBatch[] {
    return this.#items.slice(this.#head).map(({ kept }) => kept);
  }

  get empty(): boolean {
    return this.#head === this.#items.length;
  }

  *takeUpTo(slot: number): Iterable<KeptBatch> {
    for (let item = this.#items[this.#head]; item; item = this.#items[this.#head]) {
      if (item.slot > slot && item.kept.waiting) break;
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
  readonly #copies: number;
  /** Batches with bytes, the oldest first. */
  readonly #kept = new Set<KeptBatch>();
  /** The same, and those that a full ring dropped, and orphans that are being replayed. */
  readonly #waiting = new Set<Pick<KeptBatch, "receivedAtMs">>();
  readonly #lines = new Map<QueueProducer, Map<Epoch, Line>>();
  /** Batches with bytes that are on a server, but on too few. */
  readonly #thin = new Set<KeptBatch>();
  #bytes = 0;
  #dropped = 0;

  /** @param copies - on how many servers each batch should be. */
  constructor(bytesMax: number, copies = 1) {
    this.#bytesMax = bytesMax;
    this.#copies = copies;
  }

  /** Number of batches that were dropped since the last call. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  /** The producers with batches in the ring. */
  get producers(): readonly QueueProducer[] {
    return [...this.#lines.keys()];
  }

  /**
   * When the oldest ballot was received that is not in MySQL, as far as this ring knows; infinite when there is none.
   * Includes what a full ring has dropped.
   */
  get oldestMs(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { receivedAtMs } of this.#waiting) oldest = Math.min(oldest, receivedAtMs);
    return oldest;
  }

  /** @param receivedAtMs - when the batch's oldest ballot was received. */
  remember(bytes: Buffer, stored: readonly StoredAt[], receivedAtMs: number): void {
    const servers = new Set(stored.map(({ producer }) => producer.client));
    const kept: KeptBatch = { bytes, servers, receivedAtMs, waiting: true };
    this.#kept.add(kept);
    if (servers.size < this.#copies && stored.some(({ epoch }) => epoch !== lostEpoch)) {
      this.#thin.add(kept);
    }
    this.#waiting.add(kept);
    this.#bytes += bytes.length;
    for (const each of stored) this.#line(each).push(each.slot, kept);
    for (const oldest of this.#kept) {
      if (this.#bytes <= this.#bytesMax || oldest === kept) break;
      this.#drop(oldest);
      this.#dropped += 1;
    }
  }

  /** Forgets the batches of one queue's epoch that are committed. */
  passed(producer: QueueProducer, epoch: Epoch, checkpoint: number): void {
    const line = this.#lines.get(producer)?.get(epoch);
    if (!line) return;
    for (const kept of line.takeUpTo(checkpoint)) this.#forget(kept);
    if (line.empty) this.#removeLine(producer, epoch);
  }

  /**
   * Removes and returns the batches that were lost with a queue's earlier epochs and are on no other server. The caller
   * enqueues each again and calls `replayed`, or puts it back.
   *
   * @param current - the queue's current epoch; `undefined`: all epochs are lost.
   */
  takeOrphans(producer: QueueProducer, current: Epoch | undefined): Orphan[] {
    const orphans: Orphan[] = [];
    for (const [epoch, line] of [...(this.#lines.get(producer) ?? [])]) {
      if (epoch === current) continue;
      for (const kept of line.remaining) {
        if (!kept.waiting) continue;
        kept.servers.delete(producer.client);
        if (kept.servers.size > 0) {
          if (kept.bytes) this.#thin.add(kept);
          continue;
        }
        if (kept.bytes) {
          const orphan = { bytes: kept.bytes, receivedAtMs: kept.receivedAtMs };
          orphans.push(orphan);
          this.#waiting.add(orphan);
        }
        this.#forget(kept);
      }
      this.#removeLine(producer, epoch);
    }
    return orphans;
  }

  /** The batches with a copy missing, the oldest ones first. */
  *thinned(): Iterable<Thinned> {
    for (const kept of this.#thin) {
      const { bytes } = kept;
      if (bytes) yield kept as Thinned;
    }
  }

  /** Notes that a batch is on another server as well. */
  copied(thinned: Thinned, stored: StoredAt): void {
    const kept = thinned as KeptBatch;
    if (!kept.waiting) return;
    kept.servers.add(stored.producer.client);
    this.#line(stored).push(stored.slot, kept);
    if (kept.servers.size >= this.#copies) this.#thin.delete(kept);
  }

  /** Takes an orphan back that could not be enqueued; it stays an orphan of the same queue. */
  putBack(producer: QueueProducer, orphan: Orphan): void {
    const { bytes, receivedAtMs } = orphan;
    this.remember(bytes, [{ producer, epoch: lostEpoch, slot: 0 }], receivedAtMs);
    this.#waiting.delete(orphan);
  }

  /** Notes that an orphan is in MySQL, or on a server and remembered again. */
  replayed(orphan: Orphan): void {
    this.#waiting.delete(orphan);
  }

  #line({ producer, epoch }: StoredAt): Line {
    const lines = this.#lines.get(producer) ?? new Map<Epoch, Line>();
    this.#lines.set(producer, lines);
    const line = lines.get(epoch) ?? new Line();
    lines.set(epoch, line);
    return line;
  }

  #removeLine(producer: QueueProducer, epoch: Epoch): void {
    const lines = this.#lines.get(producer);
    lines?.delete(epoch);
    if (lines?.size === 0) this.#lines.delete(producer);
  }

  #forget(kept: KeptBatch): void {
    this.#drop(kept);
    this.#waiting.delete(kept);
    kept.waiting = false;
  }

  /** Frees its bytes. It still waits on its servers. */
  #drop(kept: KeptBatch): void {
    this.#thin.delete(kept);
    if (!this.#kept.delete(kept)) return;
    this.#bytes -= kept.bytes?.length ?? 0;
    kept.bytes = undefined;
  }
}
