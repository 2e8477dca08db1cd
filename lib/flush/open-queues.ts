/**
 * The queues of a server that a pass flushes: those that are alive, each from its checkpoint on. Epochs that
 * have ended are flushed to their end first, and their checkpoints closed.
 */
import { range } from "../base/lists.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import type { Epoch, QueueName } from "../model/ids.ts";
import { allQueueNames, laneOf } from "../queue/queue-names.ts";
import { type QueueState, readPointer, readQueues, readSlots } from "../queue/slots.ts";
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

/** How many slots after its checkpoint are tried when an ended epoch has lost its pointer. */
const probeSlots = 64;

export class OpenQueues {
  readonly #deps: FlushDeps;
  readonly #names: readonly QueueName[];
  readonly #onEpochClosed: () => void;
  readonly #flushes = new Map<Epoch, QueueFlush>();
  #openEpochs: Checkpoint[] | undefined;

  /** @param onEpochClosed - called when the rest of an ended epoch has been flushed. */
  constructor(deps: FlushDeps, homes: number, onEpochClosed: () => void) {
    this.#deps = deps;
    this.#names = allQueueNames(homes);
    this.#onEpochClosed = onEpochClosed;
  }

  /** The queues of a server as they are now, after its ended epochs were flushed. */
  async queuesOn(
    server: MemcachedClient,
    counts: FlushCounts,
    signal?: AbortSignal,
  ): Promise<LaneQueue[]> {
    // In this order: an epoch that was open before the queues were read, and is not among them, has ended.
    this.#openEpochs ??= await openCheckpoints(this.#deps.store);
    const states = await readQueues(server, this.#names);
    await this.#closeEndedEpochs(server, this.#openEpochs, states, counts, signal);
    const queues: LaneQueue[] = [];
    for (const state of states) {
      if (signal?.aborted) break;
      const flush = await this.#flushOf(server, state);
      await flush.deleteDue();
      if (flush.checkpoint.slot < state.pointer) await flush.refresh();
      queues.push({ server, lane: laneOf(state.queue), pointer: state.pointer, flush });
    }
    return queues;
  }

  /**
   * The flush of a queue's epoch, from its checkpoint on.
   *
   * @throws Error when the epoch ended after it was read and another worker has closed it; the next pass
   *   does not find it any more.
   */
  async #flushOf(server: MemcachedClient, { epoch, queue }: QueueState): Promise<QueueFlush> {
    const known = this.#flushes.get(epoch);
    if (known) return known;
    await openCheckpoint(
      this.#deps.store,
      { epoch, server: server.name, queue },
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
    const flush = new QueueFlush(this.#deps, server, checkpoint);
    await flush.findUndeleted();
    this.#flushes.set(checkpoint.epoch, flush);
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
      const flush = this.#flushes.get(epoch) ?? (await this.#startFlush(server, checkpoint));
      await flush.refresh();
      const pointer = await lastSlot(server, flush.checkpoint);
      const queue = { server, lane: laneOf(checkpoint.queue), pointer, flush };
      const { relief, random } = this.#deps;
      const step = () => flush.step(pointer, counts);
      await driveQueues([queue], { relief, random, step, signal, waitForMissing: true });
      if (depthOf(queue) > 0) continue;
      await closeCheckpoint(this.#deps.store, epoch, this.#deps.clock.nowMs());
      this.#flushes.delete(epoch);
      this.#onEpochClosed();
      this.#openEpochs = this.#openEpochs?.filter(each => each.epoch !== epoch);
      this.#deps.log.warn({ event: "epoch_closed", ...flush.checkpoint, pointer });
    }
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
