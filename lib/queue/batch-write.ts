/**
 * Getting one batch into the queues of as many servers as there are to be copies, whatever happens on the
 * way: on each of them (`server-write.ts`), and another server for one that is away.
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
 * Invariant: a batch keeps its id through all writes, so a batch that got in twice is counted once.
 */
import { randomBytes } from "node:crypto";
import { faultPoint } from "#faults";
import type { MemcachedClient } from "../memcached/client.ts";
import type { Batch } from "../model/ballot.ts";
import { type BatchId, producerBytes } from "../model/ids.ts";
import type { BatchMoves } from "../tallies/batch-moves.ts";
import type { Ticket } from "./producer.ts";
import type { StoredAt } from "./replay-ring.ts";
import { type BatchJob, type ServerQueues, ServerWrite } from "./server-write.ts";
import { encodeBatch } from "./slot-codec.ts";

/** Where a front's batches of one lane go. */
export interface Targets {
  /** In the order in which this front prefers them. */
  readonly sides: readonly ServerQueues[];
  /** On how many of them a batch is to be. */
  readonly copies: number;
  /** Their servers in the order of the configuration, which is that of the locks. */
  readonly order: readonly MemcachedClient[];
}

/** A batch that is in. */
export interface Enqueued {
  readonly outcome: "enqueued";
  readonly places: readonly (StoredAt & { readonly ticket: Ticket })[];
  readonly bytes: Buffer;
}

/** A batch that could not be written. `mayBeIn`: the answer to one of the writes was lost. */
export interface NotEnqueued {
  readonly outcome: "unavailable" | "full";
  readonly mayBeIn: boolean;
  readonly cause: unknown;
}

/** How much longer than its fastest a batch waits for its other servers, in each of two steps. */
const lagMsMax = 200;
const serialMax = 0xffff_ffff;

export class BatchWrite {
  readonly #spare: ServerQueues[];
  readonly #writes: ServerWrite[];
  readonly #order: readonly MemcachedClient[];

  /** Chooses as many servers as there are to be copies, of those that are up, and asks for tickets. */
  constructor({ sides, copies, order }: Targets) {
    const up = sides.filter(side => side[0]?.client.available);
    this.#order = order;
    this.#writes = up.slice(0, copies).map(side => new ServerWrite(side));
    this.#spare = up.slice(copies);
    for (const write of this.#writes) write.ask();
  }

  /** Gives back what locks there are, before a wait for anything but memcached; `finish` takes them again. */
  async unlock(): Promise<void> {
    await together(this.#writes, write => write.receive());
    for (const write of this.#writes) await write.unlock();
  }

  /** @param untilMs - monotonic time after which nothing new is tried. */
  async finish(batch: Batch, untilMs: number, moves?: BatchMoves): Promise<Enqueued | NotEnqueued> {
    const writes = this.#writes;
    const job: BatchJob = { batch, bytes: encodeBatch(batch), moves, untilMs };
    await together(writes, write => write.receive());
    await this.#lockInOrder(untilMs);
    const ready = writes.filter(write => write.ready).map(({ client }) => client);
    if (ready.length > 0) await moves?.sendElsewhere(new Set(ready));
    await together(writes, write => write.write(job));
    for (const write of writes) await write.makeUp(job);
    await this.#replace(job);
    const written = writes.flatMap(({ place }) => place ?? []);
    if (written.length === 0) return failureOf(writes);
    faultPoint("front.slot-written");
    await moves?.sendElsewhere(new Set());
    return { outcome: "enqueued", places: written, bytes: job.bytes };
  }

  /** Whoever has to wait for a lock holds none of a later server meanwhile: nobody waits in a circle. */
  async #lockInOrder(untilMs: number): Promise<void> {
    const inOrder = this.#order.flatMap(
      server => this.#writes.find(({ client }) => client === server) ?? [],
    );
    for (const [index, write] of inOrder.entries()) {
      if (write.locked || !write.ready) continue;
      for (const later of inOrder.slice(index + 1)) await later.unlock();
      await write.waitForLock(untilMs);
    }
  }

  /** Other servers for those that failed. */
  async #replace(job: BatchJob): Promise<void> {
    const failed = this.#writes.filter(({ place }) => !place).length;
    for (let replaced = 0; replaced < failed; ) {
      const side = this.#spare.shift();
      if (!side) return;
      const write = new ServerWrite(side);
      this.#writes.push(write);
      await write.makeUp(job);
      if (write.place) replaced += 1;
    }
  }
}

/** Does the same on all; those that take much longer than one that went well are given up. */
async function together(
  writes: readonly ServerWrite[],
  work: (write: ServerWrite) => Promise<void>,
): Promise<void> {
  const [only, second] = writes;
  if (!only) return;
  if (!second) return work(only);
  const late = new Set(writes);
  let patience: NodeJS.Timeout | undefined;
  const giveUpLate = () => {
    for (const write of late) write.giveUp();
  };
  const all = writes.map(async write => {
    await work(write);
    late.delete(write);
    if (write.ready || write.place) patience ??= setTimeout(giveUpLate, lagMsMax);
  });
  await Promise.all(all);
  clearTimeout(patience);
}

function failureOf(writes: readonly ServerWrite[]): NotEnqueued {
  return {
    outcome: writes.some(({ full }) => full) ? "full" : "unavailable",
    mayBeIn: writes.some(({ mayBeIn }) => mayBeIn),
    cause: writes.find(({ cause }) => cause)?.cause,
  };
}

/** One batch from beginning to end. */
export function enqueueBatch(
  targets: Targets,
  batch: Batch,
  untilMs: number,
  moves?: BatchMoves,
): Promise<Enqueued | NotEnqueued> {
  return new BatchWrite(targets).finish(batch, untilMs, moves);
}

/** Makes batch ids: 8 random bytes of this run of the process, and a serial number of 4. */
export class BatchIds {
  /** 8 bytes: this run of the process. */
  readonly producer = randomBytes(producerBytes);
  #serial = 0;

  next(): BatchId {
    if (this.#serial >= serialMax)
      throw new RangeError("no batch ids are left: restart this process");
    this.#serial += 1;
    const id = Buffer.alloc(12);
    this.producer.copy(id, 0);
    id.writeUInt32BE(this.#serial, producerBytes);
    return id as BatchId;
  }
}
