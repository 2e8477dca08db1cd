/**
 * The queues of a server that a pass flushes: those that are alive, each from its checkpoint on. Epochs that
 * have ended are flushed to their end first, and their checkpoints closed.
 */
import { monotonicMs, SECOND } from "../base/clock.ts";
import { range } from "../base/lists.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { orWhenMemcachedFails } from "../memcached/failure.ts";
import type { Epoch, QueueName } from "../model/ids.ts";
import type { QueueHomes } from "../queue/queue-homes.ts";
import { laneOf } from "../queue/queue-names.ts";
import {
  publishCheckpoint,
  type QueueState,
  readCheckpoints,
  readPointer,
  readQueues,
  readSlots,
} from "../queue/slots.ts";
import {
  type Checkpoint,
  closeCheckpoint,
  openCheckpoint,
  openCheckpoints,
} from "../store/checkpoints.ts";
import type { FlushCounts } from "./counts.ts";
import type { FlushDeps } from "./deps.ts";
import { depthOf, driveQueues, type LaneQueue } from "./drive-queues.ts";
import { QueueFlush } from "./queue-flush.ts";
import { findSetbacks, type LeftAt, reopenEpoch, type Setback } from "./setbacks.ts";

/** How many slots after its checkpoint are tried when an ended epoch has lost its pointer. */
const probeSlots = 64;

/** Between two looks whether MySQL still has what was committed. */
const checkEveryMs = SECOND;

interface ServerFlush {
  readonly server: MemcachedClient;
  readonly flush: QueueFlush;
}

export class OpenQueues {
  readonly #deps: FlushDeps;
  readonly #homes: Pick<QueueHomes, "names">;
  readonly #onDisturbance: () => void;
  readonly #flushes = new Map<Epoch, ServerFlush>();
  /** When MySQL was last seen to have every commit of a server's queues; monotonic. */
  readonly #checkedMs = new Map<MemcachedClient, number>();
  /** After a setback: how far each epoch was committed once. */
  readonly #onceUpTo = new Map<Epoch, number>();
  #openEpochs: Checkpoint[] | undefined;
  #generation: string | undefined;

  /** @param onDisturbance - called when the rest of an ended epoch has been flushed, and after a setback. */
  constructor(deps: FlushDeps, homes: Pick<QueueHomes, "names">, onDisturbance: () => void) {
    this.#deps = deps;
    this.#homes = homes;
    this.#onDisturbance = onDisturbance;
  }

  /** The queues of a server as they are now, after its ended epochs were flushed. */
  async queuesOn(
    server: MemcachedClient,
    counts: FlushCounts,
    signal?: AbortSignal,
  ): Promise<LaneQueue[]> {
    // In this order: an epoch that was open before the queues were read, and is not among them, has ended.
    this.#openEpochs ??= await openCheckpoints(this.#deps.store);
    const openBefore = this.#openEpochs;
    const states = await readQueues(server, this.#namesOn(server, openBefore));
    if (this.#isCheckDue(server)) await this.#checkForSetback(server, states);
    await this.#closeEndedEpochs(server, openBefore, states, counts, signal);
    const queues: LaneQueue[] = [];
    for (const state of states) {
      if (signal?.aborted) break;
      const flush = await this.#flushOf(server, state);
      if (flush.checkpoint.slot < state.pointer) await flush.refresh();
      queues.push({ server, lane: laneOf(state.queue), pointer: state.pointer, flush });
    }
    return queues;
  }

  /** MySQL does not answer. It may come back at an earlier state, so committed slots are kept for longer. */
  async mysqlIsAway(): Promise<void> {
    this.#checkedMs.clear();
    for (const { flush } of this.#flushes.values()) {
      await orWhenMemcachedFails(flush.prolongKeeping(), () => undefined);
    }
  }

  /**
   * True when MySQL has every commit of a server's queues at this moment. After a setback, it has not, and the queues
   * start again with the next pass.
   *
   * @throws MemcachedFailure, StoreFailure.
   */
  async confirm(server: MemcachedClient): Promise<boolean> {
    const names = this.#namesOn(server, this.#openEpochs ?? []);
    return !(await this.#checkForSetback(server, await readQueues(server, names)));
  }

  /** A queue with an open epoch is read whatever its home is: an epoch that is not looked for would count as ended. */
  #namesOn({ name }: MemcachedClient, open: readonly Checkpoint[]): QueueName[] {
    const opened = open.filter(({ server }) => server === name).map(({ queue }) => queue);
    return [...new Set([...this.#homes.names, ...opened])];
  }

  #flushesOn(server: MemcachedClient): QueueFlush[] {
    return [...this.#flushes.values()]
      .filter(each => each.server === server)
      .map(({ flush }) => flush);
  }

  #isCheckDue(server: MemcachedClient): boolean {
    const checkedMs = this.#checkedMs.get(server) ?? Number.NEGATIVE_INFINITY;
    if (monotonicMs() - checkedMs >= checkEveryMs) return true;
    return this.#flushesOn(server).some(({ lacks }) => lacks);
  }

  /** MySQL's generation, as last read. */
  get generation(): string | undefined {
    return this.#generation;
  }

  /** Looks whether MySQL still has what was committed; if not, starts the queues again, and returns true. */
  async #checkForSetback(server: MemcachedClient, states: readonly QueueState[]): Promise<boolean> {
    const published = await readCheckpoints(server, states);
    const left = this.#leftAt(server, states, published);
    const { setbacks, generation, open } = await findSetbacks(this.#deps, left);
    const isRestored = generation !== (this.#generation ?? generation);
    if (isRestored) this.#noteRestore(generation);
    this.#generation = generation;
    if (setbacks.length > 0 || isRestored) await this.#startAgain(server, setbacks);
    else {
      // Also epochs that this worker has closed, and that an earlier state of MySQL has open.
      this.#openEpochs = [...open];
      await publishUnpublished(server, states, published, open);
    }
    for (const flush of this.#flushesOn(server)) {
      if (flush.lacks) this.#flushes.delete(flush.checkpoint.epoch);
      else await flush.confirm();
    }
    this.#checkedMs.set(server, monotonicMs());
    return setbacks.length > 0 || isRestored;
  }

  /** A backup was restored. Its checkpoints may be where this worker left them, and everything else is older. */
  #noteRestore(generation: string): void {
    this.#deps.log.error(
      { event: "mysql_went_back", generation, before: this.#generation },
      "a backup was restored into MySQL; the slots that are still in memcached are flushed again",
    );
  }

  /** Forgets what was kept between steps of these queues, and which batches were committed. */
  async #startAgain(server: MemcachedClient, setbacks: readonly Setback[]): Promise<void> {
    this.#onDisturbance();
    this.#deps.recent.clear();
    // The other servers' queues are looked at next.
    this.#checkedMs.clear();
    for (const setback of setbacks) {
      const { epoch, slot } = setback;
      const onceUpTo = Math.max(slot, this.#flushes.get(epoch)?.flush.onceUpTo ?? 0);
      await reopenEpoch(this.#deps, server, setback, onceUpTo);
      this.#onceUpTo.set(epoch, onceUpTo);
      this.#flushes.delete(epoch);
    }
    this.#openEpochs = await openCheckpoints(this.#deps.store);
    this.#deps.onSetback();
  }

  /** How far the epochs of a server have been committed, by memcached and by this worker. */
  #leftAt(
    server: MemcachedClient,
    states: readonly QueueState[],
    published: readonly number[],
  ): LeftAt[] {
    const left = new Map<Epoch, LeftAt>();
    for (const [index, { queue, epoch }] of states.entries()) {
      const slot = published[index] ?? 0;
      left.set(epoch, { queue, epoch, slot, wasOpen: false, lacksBatch: false });
    }
    for (const flush of this.#flushesOn(server)) {
      const { queue, epoch, slot } = flush.checkpoint;
      const lacksBatch = flush.lacks === "a batch";
      left.set(epoch, {
        queue,
        epoch,
        slot: Math.max(slot, left.get(epoch)?.slot ?? 0),
        wasOpen: true,
        lacksBatch,
      });
    }
    return [...left.values()];
  }

  /**
   * The flush of a queue's epoch, from its checkpoint on.
   *
   * @throws Error when the epoch ended after it was read and another worker has closed it; the next pass
   *   does not find it any more.
   */
  async #flushOf(server: MemcachedClient, { epoch, queue }: QueueState): Promise<QueueFlush> {
    const known = this.#flushes.get(epoch);
    if (known) return known.flush;
    await openCheckpoint(
      this.#deps.store,
      { epoch, server: server.name, queue, slot: 0 },
      this.#deps.clock.nowMs(),
    );
    this.#openEpochs = await openCheckpoints(this.#deps.store);
    const checkpoint = this.#openEpochs.find(open => open.epoch === epoch);
    if (!checkpoint) {
      throw new Error(
        `epoch ${epoch} of ${queue} on ${server.name} ended while it was read; another worker closed it`,
      );
    }
    return this.#startFlush(server, checkpoint);
  }

  async #startFlush(server: MemcachedClient, checkpoint: Checkpoint): Promise<QueueFlush> {
    const { epoch } = checkpoint;
    const onceUpTo = this.#onceUpTo.get(epoch) ?? 0;
    const flush = new QueueFlush(this.#deps, server, checkpoint, onceUpTo);
    await flush.findUndeleted();
    this.#flushes.set(epoch, { server, flush });
    return flush;
  }

  /**
   * Epochs of this server that are open in MySQL and no longer current: their memory is lost, or only their
   * name is. What is left of them is flushed, then the epoch is closed.
   */
  async #closeEndedEpochs(
    server: MemcachedClient,
    open: readonly Checkpoint[],
    states: readonly QueueState[],
    counts: FlushCounts,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const current = new Set(states.map(({ epoch }) => epoch));
    const ended = open.filter(each => each.server === server.name && !current.has(each.epoch));
    for (const checkpoint of ended) {
      const { epoch } = checkpoint;
      const flush = this.#flushes.get(epoch)?.flush ?? (await this.#startFlush(server, checkpoint));
      await flush.refresh();
      if (flush.lacks) continue;
      const pointer = await lastSlot(server, flush.checkpoint);
      const queue = { server, lane: laneOf(checkpoint.queue), pointer, flush };
      const { relief, random } = this.#deps;
      const step = () => flush.step(pointer, counts);
      await driveQueues([queue], { relief, random, step, signal, waitForMissing: true });
      if (depthOf(queue) > 0) continue;
      await closeCheckpoint(this.#deps.store, epoch, this.#deps.clock.nowMs());
      this.#flushes.delete(epoch);
      this.#onceUpTo.delete(epoch);
      this.#onDisturbance();
      this.#openEpochs = this.#openEpochs?.filter(each => each.epoch !== epoch);
      this.#deps.log.warn({ event: "epoch_closed", ...flush.checkpoint, pointer });
    }
  }
}

/**
 * Publishes the checkpoints that are ahead of the published ones: a worker may die after its commit, or get no answer
 * to it. Fronts hold their ballots, and polls wait for those fronts, until the checkpoint is published.
 */
async function publishUnpublished(
  server: MemcachedClient,
  states: readonly QueueState[],
  published: readonly number[],
  open: readonly Checkpoint[],
): Promise<void> {
  const slots = new Map(open.map(({ epoch, slot }) => [epoch, slot]));
  for (const [index, { queue, epoch }] of states.entries()) {
    const slot = slots.get(epoch) ?? 0;
    if (slot > (published[index] ?? 0)) await publishCheckpoint(server, queue, epoch, slot);
  }
}

/** The newest slot that an ended epoch may still have: its pointer, or the last slot that a search finds. */
async function lastSlot(server: MemcachedClient, checkpoint: Checkpoint): Promise<number> {
  const { queue, epoch, slot } = checkpoint;
  const pointer = await readPointer(server, queue, epoch);
  if (pointer !== null) return pointer;
  const found = await readSlots(server, queue, epoch, range(slot + 1, slot + probeSlots));
  return Math.max(slot, ...found.keys());
}
