/**
 * The producing side of one queue on one server: takes a slot number, then writes the slot.
 *
 * A batch is enqueued by two writes over one connection:
 *
 * 1. `takeTicket`: `get` epoch · `incr` lock · `incr` pointer → n · `get` checkpoint.
 *    The pointer is missing or the epoch has changed: the server lost its memory. Open the new epoch and start again.
 *    Another front holds the lock: keep n, and `waitForLock`.
 * 2. `write`: `add` slot n · the caller's tally counters · `get` epoch again · `delete` lock.
 *    The batch is enqueued if and only if the slot was stored and the epoch is unchanged.
 *
 * The lock is a counter with a lease. It is deleted after the slot is written, and only while the lease has certainly
 * not ended. Its holder sees no number without a slot, so tallies can be rebuilt exactly. Safety does not depend on
 * it: two holders get two numbers from the pointer's `incr`, and `add` lets only the first writer write a slot.
 *
 * Invariant: no number is used twice in an epoch (`epoch.ts`).
 * Invariant: a slot is written over the connection that its number came from. A restart of the server cuts that
 *   connection, so a number of an earlier epoch is never written into a later one.
 * Invariant: a number older than `ticketMsMax` is abandoned, because the worker may have passed it.
 *
 * Lock order: servers in the order of the configuration. A front that waits for a lock holds no lock of a later server
 * (`batch-write.ts`). Freezing the queues (`rebuild/freeze-queues.ts`) takes the locks in the same order.
 *
 * Source: `docs/architecture.md`, "The queue".
 */
import { faultPoint } from "#faults";
import { monotonicMs, SECOND, sleep } from "../base/clock.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { isMemcachedFailure, MemcachedFailure, outOfMemory } from "../memcached/failure.ts";
import { checkpointKey, epochKey, lockKey, pointerKey, slotKey } from "../memcached/keys.ts";
import {
  type CounterReply,
  counterValue,
  type Op,
  Pipeline,
  type Replies,
} from "../memcached/pipeline.ts";
import type { Session } from "../memcached/session.ts";
import type { Epoch, QueueName, SlotNumber } from "../model/ids.ts";
import { endEpoch, openEpoch } from "./epoch.ts";

/** A TTL of 2 means more than 1 s and at most 2 s. */
const leaseSeconds = 2;
export const leaseMsMax = leaseSeconds * SECOND;
/** After this the lease may have ended, so the lock is left to expire instead of being deleted. */
export const leaseSurelyOursMs = 0.9 * SECOND;
/** Longer than the shortest lease, shorter than the worker waits for a missing slot. */
const ticketMsMax = SECOND;
/** The lock of a dead holder ends with its lease at the latest. */
export const lockWaitMsMax = leaseMsMax + 200;
const lockPollMs = 1;
const epochTriesMax = 4;

/**
 * Asks for the lock of a queue: a counter that is created with the value 1. The answer 1 means that the lock is the
 * caller's until it is deleted or its lease ends. Freezing the queues (`rebuild/freeze-queues.ts`) takes locks in the
 * same way.
 */
export function askForLock(pipeline: Pipeline, queue: QueueName, epoch: Epoch): Op<CounterReply> {
  return pipeline.incr(lockKey(queue, epoch), 1, { initial: 1, ttlSeconds: leaseSeconds });
}

/** A taken number: the right to write one slot. */
export interface Ticket {
  readonly session: Session;
  readonly epoch: Epoch;
  readonly slot: SlotNumber;
  /** When the number was asked for. */
  readonly takenAtMs: number;
  /** When we asked for the lock that we hold; `undefined`: another front holds it. */
  readonly lockedAtMs: number | undefined;
  /** Newest slot known to be committed in this epoch. */
  readonly checkpoint: number;
}

/**
 * The outcome of a write.
 *
 * - `written`: the batch is enqueued.
 * - `fenced`: the slot holds other bytes, a tombstone.
 * - `epoch_changed`: the server lost its memory meanwhile.
 * - `stale`: the ticket was too old, and no slot was sent.
 * - `full`: the server has no memory left.
 * - `unknown`: no answer; the batch may be enqueued.
 *
 * After all but `written` the caller takes another ticket. A batch id makes that safe.
 */
export type WriteOutcome = "written" | "fenced" | "epoch_changed" | "stale" | "full" | "unknown";

export interface WriteResult {
  readonly outcome: WriteOutcome;
  /** The answers to the caller's own operations; `undefined`: there was no answer. */
  readonly replies: Replies | undefined;
}

export class QueueProducer {
  readonly queue: QueueName;
  readonly client: MemcachedClient;
  #known: { readonly session: Session; readonly epoch: Epoch } | undefined;
  #busyUntilMs = Number.NEGATIVE_INFINITY;

  constructor(queue: QueueName, client: MemcachedClient) {
    this.queue = queue;
    this.client = client;
  }

  /** The lock stayed busy lately: its holder may be dead, and the lock lasts as long as its lease. */
  get busy(): boolean {
    return monotonicMs() < this.#busyUntilMs;
  }

  /**
   * Takes the next number, and the lock if it is free. One round trip; three when the epoch is new.
   *
   * @throws MemcachedFailure when the server can't be reached, does not answer, or is full.
   */
  async takeTicket(): Promise<Ticket> {
    const session = await this.client.session();
    for (let attempt = 0; attempt < epochTriesMax; attempt++) {
      const known = this.#known;
      const epoch = known?.session === session ? known.epoch : await this.#openEpoch(session);
      const takenAtMs = monotonicMs();
      const pipeline = new Pipeline();
      const current = pipeline.get(epochKey(this.queue));
      const lock = askForLock(pipeline, this.queue, epoch);
      const pointerOp = pipeline.incr(pointerKey(this.queue, epoch), 1);
      const checkpoint = pipeline.get(checkpointKey(this.queue, epoch));
      const replies = await session.send(pipeline, this.client.timeouts.answerMs);
      const slot = replies.of(pointerOp);
      if (replies.of(lock) === "full") throw outOfMemory("the lock");
      if (typeof slot === "bigint" && replies.of(current)?.toString() === epoch) {
        return {
          session,
          epoch,
          slot: Number(slot) as SlotNumber,
          takenAtMs,
          lockedAtMs: replies.of(lock) === 1n ? takenAtMs : undefined,
          checkpoint: Number(counterValue(replies.of(checkpoint)) ?? 0n),
        };
      }
      if (slot === null) await endEpoch(session, this.queue, epoch, this.client.timeouts.answerMs);
      this.#known = undefined;
    }
    throw new MemcachedFailure("not_sent", "the epoch changed several times in a row");
  }

  /**
   * Waits for the lock: asks every millisecond, with jitter, until the holder releases it or its lease ends. When the
   * number has grown old meanwhile, takes another one under the lock; the worker passes the old one.
   *
   * @param untilMs - monotonic time after which to give up.
   * @throws MemcachedFailure `not_sent` when the lock is still held then, or after a whole lease.
   */
  async waitForLock(ticket: Ticket, untilMs = Number.POSITIVE_INFINITY): Promise<Ticket> {
    if (ticket.lockedAtMs !== undefined) return ticket;
    const deadline = Math.min(untilMs, monotonicMs() + lockWaitMsMax);
    while (monotonicMs() < deadline) {
      await sleep(lockPollMs + Math.random());
      const lockedAtMs = monotonicMs();
      const aged = lockedAtMs - ticket.takenAtMs > ticketMsMax / 2;
      const pipeline = new Pipeline();
      const lock = askForLock(pipeline, this.queue, ticket.epoch);
      const taken = (await ticket.session.send(pipeline, this.client.timeouts.answerMs)).of(lock);
      if (taken === "full") throw outOfMemory("the lock");
      if (taken !== 1n) continue;
      return aged ? this.#renumber(ticket, lockedAtMs) : { ...ticket, lockedAtMs };
    }
    this.#busyUntilMs = monotonicMs() + lockWaitMsMax;
    throw new MemcachedFailure("not_sent", "the lock of the queue stayed busy");
  }

  /** Releases the lock and keeps the number. One round trip if we hold it, otherwise none. */
  async unlock(ticket: Ticket): Promise<Ticket> {
    const pipeline = new Pipeline();
    this.#unlock(pipeline, ticket, monotonicMs());
    if (pipeline.size > 0) await ticket.session.send(pipeline, this.client.timeouts.answerMs);
    return { ...ticket, lockedAtMs: undefined };
  }

  async #renumber(ticket: Ticket, lockedAtMs: number): Promise<Ticket> {
    const pipeline = new Pipeline();
    const pointerOp = pipeline.incr(pointerKey(this.queue, ticket.epoch), 1);
    const replies = await ticket.session.send(pipeline, this.client.timeouts.answerMs);
    const slot = replies.of(pointerOp);
    if (typeof slot !== "bigint") throw new MemcachedFailure("not_sent", "the pointer is gone");
    return { ...ticket, slot: Number(slot) as SlotNumber, takenAtMs: lockedAtMs, lockedAtMs };
  }

  /**
   * Writes the slot of `ticket` and releases the lock behind it.
   *
   * @param bytes - the encoded batch.
   * @param addMore - adds the caller's operations to the same write, after the slot.
   */
  async write(
    ticket: Ticket,
    bytes: Buffer,
    addMore: (pipeline: Pipeline) => void = () => {},
  ): Promise<WriteResult> {
    const now = monotonicMs();
    const stale = now - ticket.takenAtMs > ticketMsMax;
    const pipeline = new Pipeline();
    if (stale) {
      // The worker may have passed the number. The lock must be released all the same.
      this.#unlock(pipeline, ticket, now);
      if (pipeline.size > 0)
        await ticket.session.send(pipeline, this.client.timeouts.answerMs).catch(() => {});
      return { outcome: "stale", replies: undefined };
    }
    const added = pipeline.add(slotKey(this.queue, ticket.epoch, ticket.slot), bytes, 0);
    addMore(pipeline);
    const current = pipeline.get(epochKey(this.queue));
    this.#unlock(pipeline, ticket, now);
    faultPoint("front.number-taken");
    try {
      const replies = await ticket.session.send(pipeline, this.client.timeouts.answerMs);
      if (replies.of(current)?.toString() !== ticket.epoch) {
        this.#known = undefined;
        return { outcome: "epoch_changed", replies };
      }
      const stored = replies.of(added);
      if (stored === "stored") return { outcome: "written", replies };
      if (stored === "full") return { outcome: "full", replies };
      return { outcome: await this.#outcomeOfRefusal(ticket, bytes), replies };
    } catch (error) {
      if (!isMemcachedFailure(error)) throw error;
      return { outcome: "unknown", replies: undefined };
    }
  }

  /** After a refused `add`: the slot holds our own bytes, or a tombstone. */
  async #outcomeOfRefusal(ticket: Ticket, bytes: Buffer): Promise<WriteOutcome> {
    const pipeline = new Pipeline();
    const read = pipeline.get(slotKey(this.queue, ticket.epoch, ticket.slot));
    const replies = await ticket.session.send(pipeline, this.client.timeouts.answerMs);
    return replies.of(read)?.equals(bytes) ? "written" : "fenced";
  }

  /** Deletes the lock if we hold it and its lease has certainly not ended. */
  #unlock(pipeline: Pipeline, ticket: Ticket, nowMs: number): void {
    if (ticket.lockedAtMs !== undefined && nowMs - ticket.lockedAtMs < leaseSurelyOursMs) {
      pipeline.delete(lockKey(this.queue, ticket.epoch));
    }
  }

  async #openEpoch(session: Session): Promise<Epoch> {
    const epoch = await openEpoch(session, this.queue, this.client.timeouts.answerMs);
    this.#known = { session, epoch };
    return epoch;
  }
}
