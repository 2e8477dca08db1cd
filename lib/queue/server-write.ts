/**
 * What is known of a batch on one server, and the ways on when something goes wrong there: another number after a
 * fence, another home after a busy lock. `enqueue.ts` leads those of all its servers together.
 *
 * Invariant: the tallies of the batch are moved once on each server. An answer that was lost makes them stale there
 *   (`BatchMoves.unanswered`), unless the server has lost its memory, too.
 */
import { monotonicMs } from "../base/clock.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { isOutOfMemory, orWhenAway } from "../memcached/failure.ts";
import type { Batch } from "../model/ballot.ts";
import type { BatchMoves } from "../tallies/batch-moves.ts";
import type { QueueProducer, Ticket } from "./producer.ts";
import type { StoredAt } from "./replay-ring.ts";
import { encodeBatch } from "./slot-codec.ts";

/** One server's queues, for a front: one for each home, the front's own first. */
export type ServerQueues = readonly QueueProducer[];

const attemptsMax = 5;
/**
 * A lock is held for milliseconds. One that is held for this long has lost its holder: a server that was stopped
 * may take it, when it goes on, for a front that gave up long ago. Another home's lock is free.
 */
const lockPatienceMs = 200;

/** A batch on its way, the same for all servers. */
export interface BatchJob {
  readonly batch: Batch;
  readonly bytes: Buffer;
  /** What it does to the tallies. */
  readonly moves: BatchMoves | undefined;
  readonly untilMs: number;
}

export class ServerWrite {
  readonly client: MemcachedClient;
  readonly #side: ServerQueues;
  #home = 0;
  #asked: Promise<Ticket> | undefined;
  #ticket: Ticket | undefined;
  #givenUp = false;
  #talliesDoubtful = false;
  place: (StoredAt & { readonly ticket: Ticket }) | undefined;
  mayBeIn = false;
  full = false;
  cause: unknown;

  constructor(side: ServerQueues) {
    const [producer] = side;
    if (!producer) throw new RangeError("a server without queues");
    this.#side = side;
    this.#home = Math.max(
      0,
      side.findIndex(each => !each.busy),
    );
    this.client = producer.client;
  }

  get #producer(): QueueProducer {
    return this.#side[this.#home % this.#side.length] as QueueProducer;
  }

  /** It has a ticket. */
  get ready(): boolean {
    return this.#ticket !== undefined;
  }

  get locked(): boolean {
    return this.#ticket?.lockedAtMs !== undefined;
  }

  get done(): boolean {
    return this.place !== undefined || this.full || this.#givenUp;
  }

  ask(): void {
    this.#asked = this.#producer.takeTicket();
    this.#asked.catch(() => {});
  }

  receive(): Promise<void> {
    return this.#try(async () => {
      const asked = this.#asked;
      this.#asked = undefined;
      this.#ticket ??= await (asked ?? this.#producer.takeTicket());
    });
  }

  unlock(): Promise<void> {
    return this.#try(async () => {
      if (this.#ticket) this.#ticket = await this.#producer.unlock(this.#ticket);
    });
  }

  waitForLock(untilMs: number): Promise<void> {
    return this.#try(async () => {
      const patient = this.#side.length === 1 ? untilMs : monotonicMs() + lockPatienceMs;
      const until = Math.min(untilMs, patient);
      if (this.#ticket) this.#ticket = await this.#producer.waitForLock(this.#ticket, until);
    });
  }

  /** One write, if there is a ticket. */
  async write({ batch, bytes, moves }: BatchJob): Promise<void> {
    const ticket = this.#ticket;
    if (!ticket || this.done) return;
    this.#ticket = undefined;
    const producer = this.#producer;
    const encoded = this.#talliesDoubtful
      ? encodeBatch({ ...batch, talliesDoubtful: true })
      : bytes;
    const { outcome, replies } = await producer.write(ticket, encoded, p =>
      moves?.addTo(p, this.client),
    );
    if (outcome === "unknown") moves?.unanswered(this.client);
    else if (outcome === "epoch_changed") this.#talliesDoubtful = true;
    else if (replies) moves?.arrived(this.client, replies);
    if (outcome === "written") {
      this.place = { producer, epoch: ticket.epoch, slot: ticket.slot, ticket };
    }
    if (outcome === "unknown") this.mayBeIn = true;
    if (outcome === "full") this.full = true;
  }

  /** Further attempts on this server alone, as long as it answers. */
  async makeUp(job: BatchJob): Promise<void> {
    for (let attempt = 0; attempt < attemptsMax && !this.done; attempt++) {
      if (!this.client.available || (attempt > 0 && monotonicMs() > job.untilMs)) return;
      await this.receive();
      await this.waitForLock(job.untilMs);
      await this.write(job);
    }
  }

  /** It kept the others waiting. */
  giveUp(): void {
    this.#givenUp = true;
    this.mayBeIn = true;
    this.client.suspend();
  }

  #try(work: () => Promise<void>): Promise<void> {
    return orWhenAway(work(), failure => {
      this.cause = failure;
      this.#ticket = undefined;
      this.#home += 1;
      if (isOutOfMemory(failure)) this.full = true;
    });
  }
}
