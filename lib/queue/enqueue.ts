/**
 * Getting one batch into a queue, whatever happens on the way: another number after a fence, another
 * connection after a lost answer, another home after a busy lock or a dead server.
 *
 * Invariant: a batch keeps its id through all attempts, so a batch that got in twice is counted once.
 * Invariant: what rides along (the tallies) is not sent again once an answer has said that it arrived,
 *   unless the server has lost its memory since.
 */
import { faultPoint } from "#faults";
import { monotonicMs } from "../clock.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { isMemcachedFailure } from "../memcached/failure.ts";
import type { Pipeline, Replies } from "../memcached/pipeline.ts";
import type { QueueProducer, Ticket, WriteOutcome } from "./producer.ts";
import { type Batch, encodeBatch } from "./slot-codec.ts";

/** Operations of the caller's that belong to the batch. */
export interface Rider {
  /** Called under the lock, before the slot is written: for what has to go to another server. */
  before(queueServer: MemcachedClient): Promise<void>;
  /** Adds to the write that carries the slot. */
  ride(p: Pipeline, queueServer: MemcachedClient): void;
  /** The answers to what was added. */
  arrived(replies: Replies): void;
}

/** A batch that is in. */
export interface Enqueued {
  readonly outcome: "enqueued";
  readonly producer: QueueProducer;
  readonly ticket: Ticket;
  /** As it was written last. */
  readonly batch: Batch;
  readonly bytes: number;
}

/** A batch that could not be written. `mayBeIn`: the answer to one of the attempts was lost. */
export interface NotEnqueued {
  readonly outcome: "unavailable" | "full";
  readonly mayBeIn: boolean;
  readonly cause: unknown;
}

const attemptsMax = 5;

/**
 * Writes `batch` through the first of `producers` that takes it.
 *
 * @param producers - homes to try, the caller's own first.
 * @param untilMs - monotonic time after which no further attempt is begun.
 * @param firstTicket - already asked for, so that it could share a packet with something else.
 */
export async function enqueueBatch(
  producers: readonly QueueProducer[],
  batch: Batch,
  rider: Rider,
  untilMs: number,
  firstTicket?: Promise<Ticket>,
): Promise<Enqueued | NotEnqueued> {
  const attempts = new Attempts(producers, batch, rider, untilMs);
  let asked = firstTicket;
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    if (attempt > 0 && monotonicMs() > untilMs) break;
    const enqueued = await attempts.next(asked);
    if (enqueued) return enqueued;
    asked = undefined;
  }
  return attempts.failure();
}

/** What is known after some attempts. */
class Attempts {
  readonly #producers: readonly QueueProducer[];
  readonly #rider: Rider;
  readonly #untilMs: number;
  #batch: Batch;
  #home = 0;
  #riderArrived = false;
  #mayBeIn = false;
  #full = false;
  #cause: unknown;

  constructor(producers: readonly QueueProducer[], batch: Batch, rider: Rider, untilMs: number) {
    this.#producers = producers;
    this.#untilMs = untilMs;
    this.#batch = batch;
    this.#rider = rider;
  }

  failure(): NotEnqueued {
    const outcome = this.#full ? "full" : "unavailable";
    return { outcome, mayBeIn: this.#mayBeIn, cause: this.#cause };
  }

  /** One attempt; afterwards this object knows where and how to make the next one. */
  async next(asked: Promise<Ticket> | undefined): Promise<Enqueued | undefined> {
    const producer = this.#producers[this.#home % this.#producers.length];
    if (!producer) return undefined;
    let ticket: Ticket;
    try {
      const taken = await (asked ?? producer.takeTicket());
      ticket = await producer.waitForLock(taken, this.#untilMs);
    } catch (error) {
      this.#tryElsewhere(error);
      return undefined;
    }
    const bytes = encodeBatch(this.#batch);
    const outcome = await this.#write(producer, ticket, bytes);
    if (outcome === "written") {
      faultPoint("front.slot-written");
      return { outcome: "enqueued", producer, ticket, batch: this.#batch, bytes: bytes.length };
    }
    if (outcome === "full" || outcome === "unknown") this.#home += 1;
    if (outcome === "full") this.#full = true;
    if (outcome === "unknown") this.#mayBeIn = true;
    if (outcome === "unknown" || outcome === "epoch_changed") this.#doubtTallies();
    return undefined;
  }

  async #write(producer: QueueProducer, ticket: Ticket, bytes: Buffer): Promise<WriteOutcome> {
    const ride = !this.#riderArrived;
    if (ride) {
      try {
        await this.#rider.before(producer.client);
      } catch (error) {
        // The tallies can be mended, the ballots must get in.
        if (!isMemcachedFailure(error)) throw error;
        this.#doubtTallies();
      }
    }
    const { outcome, replies } = await producer.write(ticket, bytes, p => {
      if (ride) this.#rider.ride(p, producer.client);
    });
    if (replies && ride && outcome !== "epoch_changed") {
      this.#riderArrived = true;
      this.#rider.arrived(replies);
    }
    return outcome;
  }

  #tryElsewhere(error: unknown): void {
    if (!isMemcachedFailure(error)) throw error;
    this.#cause = error;
    this.#home += 1;
  }

  #doubtTallies(): void {
    this.#batch = { ...this.#batch, talliesDoubtful: true };
  }
}
