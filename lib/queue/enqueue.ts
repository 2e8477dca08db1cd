/**
 * Getting one batch into the queues of as many servers as there are to be copies, whatever happens on the
 * way: another number after a fence, another home after a busy lock, another server for one that is away.
 *
 * 1. `begin`: the tickets of all chosen servers, asked for in the same turn of the event loop.
 * 2. The locks, in the order of the configuration.
 * 3. The slots, with what rides along, on all of them at once.
 *
 * So while all locks are held by somebody who counts (`hold.ts`), no batch is on one server and not yet on
 * the other. What went wrong on a server is then made up for on that server alone.
 *
 * A batch is in when every server that is up has it. A server that lets the others wait for more than a
 * moment counts as away from then on (`MemcachedClient.suspend`).
 *
 * Invariant: a batch keeps its id through all attempts, so a batch that got in twice is counted once.
 * Invariant: what rides along (the tallies) is sent to each server once; where the answer was lost the
 *   rider is told, unless the server has lost its memory, too.
 */
import { faultPoint } from "#faults";
import { monotonicMs } from "../clock.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { isMemcachedFailure, isOutOfMemory } from "../memcached/failure.ts";
import type { Pipeline, Replies } from "../memcached/pipeline.ts";
import type { QueueProducer, Ticket } from "./producer.ts";
import type { Place } from "./replay-ring.ts";
import { type Batch, encodeBatch } from "./slot-codec.ts";

/** Operations of the caller's that belong to the batch. */
export interface Rider {
  /** Called under the locks, before the slots are written: sends what does not ride to `riding`. */
  before(riding: ReadonlySet<MemcachedClient>): Promise<void>;
  /** Adds to the write that carries the slot; nothing, where it arrived before. */
  ride(p: Pipeline, server: MemcachedClient): void;
  /** The answers to what was added. */
  arrived(server: MemcachedClient, replies: Replies): void;
  /** There was no answer. */
  lost(server: MemcachedClient): void;
}

/** One server's queues, for a front: one for each home, the front's own first. */
export type Side = readonly QueueProducer[];

/** Where a front's batches of one lane go. */
export interface Targets {
  /** In the order in which this front prefers them. */
  readonly sides: readonly Side[];
  /** On how many of them a batch is to be. */
  readonly copies: number;
  /** Their servers in the order of the configuration, which is that of the locks. */
  readonly order: readonly MemcachedClient[];
}

/** A batch that is in. */
export interface Enqueued {
  readonly outcome: "enqueued";
  readonly places: readonly (Place & { readonly ticket: Ticket })[];
  readonly bytes: Buffer;
}

/** A batch that could not be written. `mayBeIn`: the answer to one of the attempts was lost. */
export interface NotEnqueued {
  readonly outcome: "unavailable" | "full";
  readonly mayBeIn: boolean;
  readonly cause: unknown;
}

const attemptsMax = 5;
/**
 * A lock is held for milliseconds. One that is held for this long has lost its holder: a server that was stopped
 * may take it, when it goes on, for a front that gave up long ago. Another home's lock is free.
 */
const lockPatienceMs = 200;
/** How much longer than its fastest a batch waits for its other servers, in each of two steps. */
const lagMsMax = 200;

export class Enqueueing {
  readonly #spare: Side[];
  readonly #attempts: Attempt[];
  readonly #order: readonly MemcachedClient[];

  /** Chooses as many servers as there are to be copies, of those that are up, and asks for tickets. */
  constructor({ sides, copies, order }: Targets) {
    const up = sides.filter(side => side[0]?.client.available);
    this.#order = order;
    this.#attempts = up.slice(0, copies).map(side => new Attempt(side));
    this.#spare = up.slice(copies);
    for (const attempt of this.#attempts) attempt.ask();
  }

  /** Gives back what locks there are, before a wait for anything but memcached; `finish` takes them again. */
  async unlock(): Promise<void> {
    await together(this.#attempts, attempt => attempt.receive());
    for (const attempt of this.#attempts) await attempt.unlock();
  }

  /** @param untilMs - monotonic time after which nothing new is tried. */
  async finish(batch: Batch, rider: Rider, untilMs: number): Promise<Enqueued | NotEnqueued> {
    const attempts = this.#attempts;
    const job: Job = { batch, bytes: encodeBatch(batch), rider, untilMs };
    await together(attempts, attempt => attempt.receive());
    await this.#lockInOrder(untilMs);
    const ready = attempts.filter(attempt => attempt.ready).map(({ client }) => client);
    if (ready.length > 0) await rider.before(new Set(ready));
    await together(attempts, attempt => attempt.write(job));
    for (const attempt of attempts) await attempt.makeUp(job);
    await this.#replace(job);
    const written = attempts.flatMap(({ place }) => place ?? []);
    if (written.length === 0) return failureOf(attempts);
    faultPoint("front.slot-written");
    await rider.before(new Set());
    return { outcome: "enqueued", places: written, bytes: job.bytes };
  }

  /** Whoever has to wait for a lock holds none of a later server meanwhile: nobody waits in a circle. */
  async #lockInOrder(untilMs: number): Promise<void> {
    const inOrder = this.#order.flatMap(
      server => this.#attempts.find(({ client }) => client === server) ?? [],
    );
    for (const [index, attempt] of inOrder.entries()) {
      if (attempt.locked || !attempt.ready) continue;
      for (const later of inOrder.slice(index + 1)) await later.unlock();
      await attempt.waitForLock(untilMs);
    }
  }

  /** Other servers for those that failed. */
  async #replace(job: Job): Promise<void> {
    const failed = this.#attempts.filter(({ place }) => !place).length;
    for (let replaced = 0; replaced < failed; ) {
      const side = this.#spare.shift();
      if (!side) return;
      const attempt = new Attempt(side);
      this.#attempts.push(attempt);
      await attempt.makeUp(job);
      if (attempt.place) replaced += 1;
    }
  }
}

interface Job {
  readonly batch: Batch;
  readonly bytes: Buffer;
  readonly rider: Rider;
  readonly untilMs: number;
}

/** What is known of a batch on one server. */
class Attempt {
  readonly client: MemcachedClient;
  readonly #side: Side;
  #home = 0;
  #asked: Promise<Ticket> | undefined;
  #ticket: Ticket | undefined;
  #givenUp = false;
  #talliesDoubtful = false;
  place: (Place & { readonly ticket: Ticket }) | undefined;
  mayBeIn = false;
  full = false;
  cause: unknown;

  constructor(side: Side) {
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
  async write({ batch, bytes, rider }: Job): Promise<void> {
    const ticket = this.#ticket;
    if (!ticket || this.done) return;
    this.#ticket = undefined;
    const producer = this.#producer;
    const encoded = this.#talliesDoubtful
      ? encodeBatch({ ...batch, talliesDoubtful: true })
      : bytes;
    const { outcome, replies } = await producer.write(ticket, encoded, p =>
      rider.ride(p, this.client),
    );
    if (outcome === "unknown") rider.lost(this.client);
    else if (outcome === "epoch_changed") this.#talliesDoubtful = true;
    else if (replies) rider.arrived(this.client, replies);
    if (outcome === "written") {
      this.place = { producer, epoch: ticket.epoch, slot: ticket.slot, ticket };
    }
    if (outcome === "unknown") this.mayBeIn = true;
    if (outcome === "full") this.full = true;
  }

  /** Further attempts on this server alone, as long as it answers. */
  async makeUp(job: Job): Promise<void> {
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

  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isMemcachedFailure(error)) throw error;
      this.cause = error;
      this.#ticket = undefined;
      this.#home += 1;
      if (isOutOfMemory(error)) this.full = true;
    }
  }
}

/** Does the same on all; those that take much longer than one that went well are given up. */
async function together(
  attempts: readonly Attempt[],
  work: (attempt: Attempt) => Promise<void>,
): Promise<void> {
  const [only, second] = attempts;
  if (!only) return;
  if (!second) return work(only);
  const late = new Set(attempts);
  let patience: NodeJS.Timeout | undefined;
  const giveUpLate = () => {
    for (const attempt of late) attempt.giveUp();
  };
  const all = attempts.map(async attempt => {
    await work(attempt);
    late.delete(attempt);
    if (attempt.ready || attempt.place) patience ??= setTimeout(giveUpLate, lagMsMax);
  });
  await Promise.all(all);
  clearTimeout(patience);
}

function failureOf(attempts: readonly Attempt[]): NotEnqueued {
  return {
    outcome: attempts.some(({ full }) => full) ? "full" : "unavailable",
    mayBeIn: attempts.some(({ mayBeIn }) => mayBeIn),
    cause: attempts.find(({ cause }) => cause)?.cause,
  };
}

/** One batch from beginning to end. */
export function enqueueBatch(
  targets: Targets,
  batch: Batch,
  rider: Rider,
  untilMs: number,
): Promise<Enqueued | NotEnqueued> {
  return new Enqueueing(targets).finish(batch, rider, untilMs);
}
