/**
 * The producing side of one queue on one server: take a number, then write its slot.
 *
 * How one batch gets in, in two writes over one connection:
 *
 * 1. `takeTicket`: `get` epoch · `incr` lock · `incr` pointer → n · `get` checkpoint.
 *    Pointer missing or epoch another: the server was wiped; open the new epoch and start again.
 *    Lock not ours: keep n, and `waitForLock`.
 * 2. `write`: `add` slot n · the caller's tally counters · `get` epoch again · `delete` lock.
 *    The batch is in if, and only if, the slot was stored and the epoch is still the same.
 *
 * The lock (`lease.ts`) is released by `delete`, behind the slot, and only while the lease is surely still
 * ours. What it buys is that its holder sees no unwritten slot behind the pointer, so that tallies can be
 * rebuilt exactly. Safety never rests on it: the pointer's `incr` gives two holders two numbers, and `add`
 * makes the first writer of a slot its only one.
 *
 * Invariant: the pointer is made once in an epoch, with `add`, and only ever incremented without being
 *   created; so no number is handed out twice within an epoch, and a reborn server is noticed.
 * Invariant: the slot travels over the connection that its number came from. A restart of the server
 *   cuts that connection, so a number of its old life can never be written into its new one.
 * Invariant: a number older than `ticketMsMax` is abandoned: the worker may have passed it by then.
 *
 * Lock order: servers in the order of the configuration. Whoever has to wait for a lock holds none of a
 * later server (`enqueue.ts`); holding everything still (`hold.ts`) goes in the same order.
 *
 * Source: `docs/architecture.md`, "The queue"; the `incr` lock with a pointer key is the 2008 poll script's.
 */
import { randomBytes } from "node:crypto";
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

/** A TTL of 2 means more than 1 s and at most 2 s. */
const leaseSeconds = 2;
/** After this the lease may have ended, so the lock is left to expire instead of being deleted. */
export const leaseSurelyOursMs = 0.9 * SECOND;
/** > the shortest lease, < the worker's patience with a missing slot. */
const ticketMsMax = SECOND;
/** A dead holder's lock is gone after at most its lease. */
const lockWaitMsMax = leaseSeconds * SECOND + 200;
const lockPollMs = 1;
const epochTriesMax = 4;
/** 0, with room for every later number: a counter that grows by a digit would need new memory. */
const firstPointer = "0".padEnd(20);

/**
 * Asks for the lock of a queue: a counter that is created with the value 1. The answer 1 means that the lock is the
 * caller's until it is deleted or its lease ends. Freezing the queues (`freeze-queues.ts`) takes locks in the same way.
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
  /** When the lock that we hold was asked for; `undefined`: somebody else has it. */
  readonly lockedAtMs: number | undefined;
  /** Newest slot known to be committed in this epoch. */
  readonly checkpoint: number;
}

/**
 * What became of a write. `written`: it is in. `fenced`: somebody else's bytes (a tombstone) are in the
 * slot. `epoch_changed`: the server lost its memory meanwhile. `stale`: the ticket was too old, nothing
 * was sent. `full`: no memory left. `unknown`: no answer; it may be in. All but `written` call for
 * another ticket; ballot ids make that safe.
 */
export type WriteOutcome = "written" | "fenced" | "epoch_changed" | "stale" | "full" | "unknown";

export interface WriteResult {
  readonly outcome: WriteOutcome;
  /** The answers to the caller's own operations, when there were any answers. */
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

  /** The lock was not to be had just now: its holder may be gone, and it lives as long as its lease. */
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
      const p = new Pipeline();
      const current = p.get(epochKey(this.queue));
      const lock = askForLock(p, this.queue, epoch);
      const pointer = p.incr(pointerKey(this.queue, epoch), 1);
      const checkpoint = p.get(checkpointKey(this.queue, epoch));
      const r = await session.send(p, this.client.timeouts.answerMs);
      const slot = r.of(pointer);
      if (r.of(lock) === "full") throw outOfMemory("the lock");
      if (typeof slot === "bigint" && r.of(current)?.toString() === epoch) {
        return {
          session,
          epoch,
          slot: Number(slot) as SlotNumber,
          takenAtMs,
          lockedAtMs: r.of(lock) === 1n ? takenAtMs : undefined,
          checkpoint: Number(counterValue(r.of(checkpoint)) ?? 0n),
        };
      }
      if (slot === null) await this.#endEpoch(session, epoch);
      this.#known = undefined;
    }
    throw new MemcachedFailure("not_sent", "the epoch kept changing");
  }

  /**
   * A ticket with the lock held: asks again every millisecond, with jitter, until the holder releases it
   * or its lease ends. When that took so long that the number has aged, another one is taken under the
   * lock; the old one is left to the worker's patience.
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
      const p = new Pipeline();
      const lock = askForLock(p, this.queue, ticket.epoch);
      const taken = (await ticket.session.send(p, this.client.timeouts.answerMs)).of(lock);
      if (taken === "full") throw outOfMemory("the lock");
      if (taken !== 1n) continue;
      return aged ? this.#renumber(ticket, lockedAtMs) : { ...ticket, lockedAtMs };
    }
    this.#busyUntilMs = monotonicMs() + lockWaitMsMax;
    throw new MemcachedFailure("not_sent", "the lock stayed busy");
  }

  /** Gives the lock back and keeps the number. One round trip, if the lock is ours. */
  async unlock(ticket: Ticket): Promise<Ticket> {
    const p = new Pipeline();
    this.#unlock(p, ticket, monotonicMs());
    if (p.size > 0) await ticket.session.send(p, this.client.timeouts.answerMs);
    return { ...ticket, lockedAtMs: undefined };
  }

  async #renumber(ticket: Ticket, lockedAtMs: number): Promise<Ticket> {
    const p = new Pipeline();
    const pointer = p.incr(pointerKey(this.queue, ticket.epoch), 1);
    const r = await ticket.session.send(p, this.client.timeouts.answerMs);
    const slot = r.of(pointer);
    if (typeof slot !== "bigint") throw new MemcachedFailure("not_sent", "the pointer is gone");
    return { ...ticket, slot: Number(slot) as SlotNumber, takenAtMs: lockedAtMs, lockedAtMs };
  }

  /**
   * Writes the slot of `ticket` and releases the lock behind it.
   *
   * @param bytes - the encoded batch.
   * @param ride - adds operations of the caller's to the same write, behind the slot.
   */
  async write(
    ticket: Ticket,
    bytes: Buffer,
    ride: (p: Pipeline) => void = () => {},
  ): Promise<WriteResult> {
    const now = monotonicMs();
    const stale = now - ticket.takenAtMs > ticketMsMax;
    const p = new Pipeline();
    if (stale) {
      // The worker may have passed the number. A lock that is ours must not be left behind, though.
      this.#unlock(p, ticket, now);
      if (p.size > 0) await ticket.session.send(p, this.client.timeouts.answerMs).catch(() => {});
      return { outcome: "stale", replies: undefined };
    }
    const added = p.add(slotKey(this.queue, ticket.epoch, ticket.slot), bytes, 0);
    ride(p);
    const current = p.get(epochKey(this.queue));
    this.#unlock(p, ticket, now);
    faultPoint("front.number-taken");
    try {
      const replies = await ticket.session.send(p, this.client.timeouts.answerMs);
      if (replies.of(current)?.toString() !== ticket.epoch) {
        this.#known = undefined;
        return { outcome: "epoch_changed", replies };
      }
      const stored = replies.of(added);
      if (stored === "stored") return { outcome: "written", replies };
      if (stored === "full") return { outcome: "full", replies };
      return { outcome: await this.#whoseSlot(ticket, bytes), replies };
    } catch (error) {
      if (!isMemcachedFailure(error)) throw error;
      return { outcome: "unknown", replies: undefined };
    }
  }

  /** A refused `add`: our own bytes (fine) or a tombstone. */
  async #whoseSlot(ticket: Ticket, bytes: Buffer): Promise<WriteOutcome> {
    const p = new Pipeline();
    const read = p.get(slotKey(this.queue, ticket.epoch, ticket.slot));
    const r = await ticket.session.send(p, this.client.timeouts.answerMs);
    return r.of(read)?.equals(bytes) ? "written" : "fenced";
  }

  /** Deletes the lock, if it is ours and its lease has surely not ended. */
  #unlock(p: Pipeline, ticket: Ticket, nowMs: number): void {
    if (ticket.lockedAtMs !== undefined && nowMs - ticket.lockedAtMs < leaseSurelyOursMs) {
      p.delete(lockKey(this.queue, ticket.epoch));
    }
  }

  /**
   * Finds the epoch, or begins one. Any number of fronts may do this at once: each makes a pointer for
   * the epoch it offers, `add` lets one of them name the epoch, and the others take theirs back.
   *
   * Invariant: an epoch that can be seen had its pointer before it could be seen. So an epoch without a
   * pointer has lost part of its memory, and is over.
   */
  async #openEpoch(session: Session): Promise<Epoch> {
    const offered = randomBytes(6).toString("hex") as Epoch;
    const first = new Pipeline();
    const existing = first.get(epochKey(this.queue));
    const made = first.add(pointerKey(this.queue, offered), firstPointer, 0);
    const r1 = await session.send(first, this.client.timeouts.answerMs);
    if (r1.of(made) === "full") throw outOfMemory("a new epoch");

    const second = new Pipeline();
    if (!r1.of(existing)) second.add(epochKey(this.queue), offered, 0);
    const read = second.get(epochKey(this.queue));
    const r2 = await session.send(second, this.client.timeouts.answerMs);
    const epoch = r2.of(read)?.toString() as Epoch | undefined;

    if (epoch !== offered) {
      const third = new Pipeline();
      third.delete(pointerKey(this.queue, offered));
      await session.send(third, this.client.timeouts.answerMs);
    }
    if (!epoch) throw outOfMemory("a new epoch");
    this.#known = { session, epoch };
    return epoch;
  }

  /** Takes away the name of an epoch whose pointer is gone; of that epoch and no other. */
  async #endEpoch(session: Session, epoch: Epoch): Promise<void> {
    const first = new Pipeline();
    const named = first.getVersioned(epochKey(this.queue));
    const current = (await session.send(first, this.client.timeouts.answerMs)).of(named);
    if (current?.value.toString() !== epoch) return;
    const second = new Pipeline();
    second.delete(epochKey(this.queue), current);
    await session.send(second, this.client.timeouts.answerMs);
  }
}
