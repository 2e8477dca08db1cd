/**
 * Enqueues one batch on as many servers as there are copies, retries on each of them (`server-write.ts`), and takes
 * another server for one that is away.
 *
 * 1. `askForTickets` asks all chosen servers for tickets, in the same turn of the event loop.
 * 2. `finish` takes the locks, in the order of the configuration.
 * 3. Then it writes the slots, with the tally moves, to all servers at once.
 *
 * So while `rebuild/freeze-queues.ts` holds all locks, no batch is on one server and not yet on the other. A server
 * that failed is retried alone afterwards.
 *
 * A batch is enqueued when every server that is up has it. A server that keeps the others waiting for more than a
 * moment counts as away from then on (`MemcachedClient.suspend`).
 *
 * Invariant: a batch keeps its id through all writes, so a batch that was enqueued twice is counted once.
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

/** The queues that a front's batches of one lane go into. */
export interface Targets {
  /** The preferred server first. */
  readonly queues: readonly ServerQueues[];
  /** Number of servers that each batch goes to. */
  readonly copies: number;
  /** The servers in the order of the configuration, which is the order of the locks. */
  readonly order: readonly MemcachedClient[];
}

/** A batch that is enqueued. */
export interface Enqueued {
  readonly outcome: "enqueued";
  readonly stored: readonly (StoredAt & { readonly ticket: Ticket })[];
  readonly bytes: Buffer;
  /** When its oldest ballot was received. */
  readonly receivedAtMs: number;
}

/** A batch that could not be written. `mayBeIn`: the answer to one of the writes was lost. */
export interface NotEnqueued {
  readonly outcome: "unavailable" | "full";
  readonly mayBeIn: boolean;
  readonly cause: unknown;
}

/** How long each of two steps waits for the other servers when the fastest has finished. */
const lagMsMax = 200;
const serialMax = 0xffff_ffff;

export class BatchWrite {
  readonly #spare: ServerQueues[];
  readonly #writes: ServerWrite[];
  readonly #order: readonly MemcachedClient[];

  /** Chooses the servers among those that are up. */
  constructor({ queues, copies, order }: Targets) {
    const up = queues.filter(homes => homes[0]?.client.available);
    this.#order = order;
    this.#writes = up.slice(0, copies).map(homes => new ServerWrite(homes));
    this.#spare = up.slice(copies);
  }

  /** May be left out: `finish` asks for what is missing. */
  askForTickets(): void {
    for (const write of this.#writes) write.ask();
  }

  /** Releases the locks, before the caller waits for anything but memcached; `finish` takes them again. */
  async unlock(): Promise<void> {
    await together(this.#writes, write => write.receive());
    for (const write of this.#writes) await write.unlock();
  }

  /** @param untilMs - monotonic time after which nothing is retried. */
  async finish(batch: Batch, untilMs: number, moves?: BatchMoves): Promise<Enqueued | NotEnqueued> {
    const writes = this.#writes;
    const job: BatchJob = { batch, bytes: encodeBatch(batch), moves, untilMs };
    await together(writes, write => write.receive());
    await this.#lockInOrder(untilMs);
    const ready = writes.filter(write => write.ready).map(({ client }) => client);
    if (ready.length > 0) await moves?.sendElsewhere(new Set(ready));
    await together(writes, write => write.write(job));
    for (const write of writes) await write.retry(job);
    await this.#replace(job);
    const written = writes.flatMap(({ stored }) => stored ?? []);
    if (written.length === 0) return failureOf(writes);
    faultPoint("front.slot-written");
    await moves?.sendElsewhere(new Set());
    return {
      outcome: "enqueued",
      stored: written,
      bytes: job.bytes,
      receivedAtMs: oldestOf(batch),
    };
  }

  /** Releases the locks of later servers before it waits for a lock, so that fronts can't wait in a circle. */
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

  /** Takes other servers in place of those that failed. */
  async #replace(job: BatchJob): Promise<void> {
    const failed = this.#writes.filter(({ stored }) => !stored).length;
    for (let replaced = 0; replaced < failed; ) {
      const homes = this.#spare.shift();
      if (!homes) return;
      const write = new ServerWrite(homes);
      this.#writes.push(write);
      await write.retry(job);
      if (write.stored) replaced += 1;
    }
  }
}

function oldestOf({ ballots }: Batch): number {
  return ballots.reduce(
    (oldest, { receivedAtMs }) => Math.min(oldest, receivedAtMs),
    Number.POSITIVE_INFINITY,
  );
}

/** Runs `work` on all servers; gives up those that take much longer than one that succeeded. */
async function together(
  writes: readonly ServerWrite[],
  work: (write: ServerWrite) => Promise<void>,
): Promise<void> {
  const [only, second] = writes;
  if (!only) return;
  if (!second) return work(only);
  const slow = new Set(writes);
  let timer: NodeJS.Timeout | undefined;
  const giveUpSlow = () => {
    for (const write of slow) write.giveUp();
  };
  const all = writes.map(async write => {
    await work(write);
    slow.delete(write);
    if (write.ready || write.stored) timer ??= setTimeout(giveUpSlow, lagMsMax);
  });
  await Promise.all(all);
  clearTimeout(timer);
}

function failureOf(writes: readonly ServerWrite[]): NotEnqueued {
  return {
    outcome: writes.some(({ full }) => full) ? "full" : "unavailable",
    mayBeIn: writes.some(({ mayBeIn }) => mayBeIn),
    cause: writes.find(({ cause }) => cause)?.cause,
  };
}

/** Enqueues one batch. */
export function enqueueBatch(
  targets: Targets,
  batch: Batch,
  untilMs: number,
  moves?: BatchMoves,
): Promise<Enqueued | NotEnqueued> {
  const write = new BatchWrite(targets);
  write.askForTickets();
  return write.finish(batch, untilMs, moves);
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
