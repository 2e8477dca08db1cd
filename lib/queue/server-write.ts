/**
 * The write of one batch to one server, with its retries: another number after a tombstone, another home after a busy
 * lock. `batch-write.ts` coordinates the writes to all servers.
 *
 * Invariant: the tallies of the batch are moved once on each server. A lost answer makes them stale there
 *   (`BatchMoves.unanswered`), unless the server has lost its memory too.
 */
import { monotonicMs } from "../base/clock.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { isOutOfMemory, orWhenMemcachedFails } from "../memcached/failure.ts";
import type { Batch } from "../model/ballot.ts";
import type { BatchMoves } from "../tallies/batch-moves.ts";
import type { QueueProducer, Ticket } from "./producer.ts";
import type { StoredAt } from "./replay-ring.ts";
import { encodeBatch } from "./slot-codec.ts";

/** The queues of one lane on one server: one for each home, the front's own first. */
export type ServerQueues = readonly QueueProducer[];

const attemptsMax = 5;
/**
 * A lock is held for milliseconds. After this time its holder is taken for dead: a server that was stopped and goes on
 * may give the lock to a front that gave up long ago. Then the batch goes to another home.
 */
export const lockPatienceMs = 200;

/** A batch to be written, the same for all servers. */
export interface BatchJob {
  readonly batch: Batch;
  readonly bytes: Buffer;
  /** What it does to the tallies. */
  readonly moves: BatchMoves | undefined;
  readonly untilMs: number;
}

export class ServerWrite {
  readonly client: MemcachedClient;
  readonly #queues: ServerQueues;
  #home = 0;
  #pendingTicket: Promise<Ticket> | undefined;
  #ticket: Ticket | undefined;
  #givenUp = false;
  #talliesDoubtful = false;
  stored: (StoredAt & { readonly ticket: Ticket }) | undefined;
  mayBeIn = false;
  full = false;
  cause: unknown;

  constructor(queues: ServerQueues) {
    const [producer] = queues;
    if (!producer) throw new RangeError("a server needs at least one queue");
    this.#queues = queues;
    this.#home = Math.max(
      0,
      queues.findIndex(each => !each.busy),
    );
    this.client = producer.client;
  }

  get #producer(): QueueProducer {
    return this.#queues[this.#home % this.#queues.length] as QueueProducer;
  }

  /** A ticket is there. */
  get ready(): boolean {
    return this.#ticket !== undefined;
  }

  get locked(): boolean {
    return this.#ticket?.lockedAtMs !== undefined;
  }

  get done(): boolean {
    return this.stored !== undefined || this.full || this.#givenUp;
  }

  ask(): void {
    this.#pendingTicket = this.#producer.takeTicket();
    this.#pendingTicket.catch(() => {});
  }

  receive(): Promise<void> {
    return this.#attempt(async () => {
      const pending = this.#pendingTicket;
      this.#pendingTicket = undefined;
      this.#ticket ??= await (pending ?? this.#producer.takeTicket());
    });
  }

  unlock(): Promise<void> {
    return this.#attempt(async () => {
      if (this.#ticket) this.#ticket = await this.#producer.unlock(this.#ticket);
    });
  }

  waitForLock(untilMs: number): Promise<void> {
    return this.#attempt(async () => {
      const patienceEndsMs = this.#queues.length === 1 ? untilMs : monotonicMs() + lockPatienceMs;
      const until = Math.min(untilMs, patienceEndsMs);
      if (this.#ticket) this.#ticket = await this.#producer.waitForLock(this.#ticket, until);
    });
  }

  /** Writes once, if a ticket is there. */
  async write({ batch, bytes, moves }: BatchJob): Promise<void> {
    const ticket = this.#ticket;
    if (!ticket || this.done) return;
    this.#ticket = undefined;
    const producer = this.#producer;
    const encoded = this.#talliesDoubtful
      ? encodeBatch({ ...batch, talliesDoubtful: true })
      : bytes;
    const { outcome, replies } = await producer.write(ticket, encoded, pipeline =>
      moves?.addTo(pipeline, this.client),
    );
    if (outcome === "unknown") moves?.unanswered(this.client);
    else if (outcome === "epoch_changed") this.#talliesDoubtful = true;
    else if (replies) moves?.arrived(this.client, replies);
    if (outcome === "written") {
      this.stored = { producer, epoch: ticket.epoch, slot: ticket.slot, ticket };
    }
    if (outcome === "unknown") this.mayBeIn = true;
    if (outcome === "full") this.full = true;
  }

  /** Retries on this server alone, as long as it answers. */
  async retry(job: BatchJob): Promise<void> {
    for (let attempt = 0; attempt < attemptsMax && !this.done; attempt++) {
      if (!this.client.available || (attempt > 0 && monotonicMs() > job.untilMs)) return;
      await this.receive();
      await this.waitForLock(job.untilMs);
      await this.write(job);
    }
  }

  /** Gives the server up because it kept the other servers waiting. */
  giveUp(): void {
    this.#givenUp = true;
    this.mayBeIn = true;
    this.client.suspend();
  }

  #attempt(work: () => Promise<void>): Promise<void> {
    return orWhenMemcachedFails(work(), failure => {
      this.cause = failure;
      this.#ticket = undefined;
      this.#home += 1;
      if (isOutOfMemory(failure)) this.full = true;
    });
  }
}
