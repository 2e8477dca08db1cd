/**
 * Which queues there are to flush on a server: those that stand there now, each taken up from its checkpoint; and
 * those whose life is over, of which the rest is flushed and the checkpoint closed.
 */
import { wallMs } from "../base/clock.ts";
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

/** How far behind a dead epoch's checkpoint a slot is looked for. */
const probeSlots = 64;

export class OpenQueues {
  readonly #deps: FlushDeps;
  readonly #names: readonly QueueName[];
  readonly #lifeEnded: () => void;
  readonly #queues = new Map<Epoch, QueueFlush>();
  #openEpochs: Checkpoint[] | undefined;

  /** @param lifeEnded - told when the rest of a queue that lost its memory has been flushed. */
  constructor(deps: FlushDeps, homes: number, lifeEnded: () => void) {
    this.#deps = deps;
    this.#names = allQueueNames(homes);
    this.#lifeEnded = lifeEnded;
  }

  /** The queues of a server as they stand now, after what is left of those that are over was flushed. */
  async take(
    server: MemcachedClient,
    counts: FlushCounts,
    signal?: AbortSignal,
  ): Promise<LaneQueue[]> {
    // In this order: an epoch that was open before the look, and is not in it, is over for good.
    this.#openEpochs ??= await openCheckpoints(this.#deps.store);
    const looks = await readQueues(server, this.#names);
    await this.#closeDeadEpochs(server, this.#openEpochs, looks, counts, signal);
    const queues: LaneQueue[] = [];
    for (const look of looks) {
      if (signal?.aborted) break;
      const flush = await this.#queue(server, look);
      await flush.deleteDue();
      if (flush.checkpoint.slot < look.pointer) await flush.refresh();
      queues.push({ server, lane: laneOf(look.queue), pointer: look.pointer, flush });
    }
    return queues;
  }

  /**
   * The flush of a queue's life, taken up from its checkpoint.
   *
   * @throws Error when it ended after we looked, and another worker has closed it; the next look finds it gone.
   */
  async #queue(server: MemcachedClient, look: QueueState): Promise<QueueFlush> {
    const known = this.#queues.get(look.epoch);
    if (known) return known;
    await openCheckpoint(
      this.#deps.store,
      { epoch: look.epoch, server: server.name, queue: look.queue },
      wallMs(),
    );
    this.#openEpochs = await openCheckpoints(this.#deps.store);
    const checkpoint = this.#openEpochs.find(open => open.epoch === look.epoch);
    if (!checkpoint) {
      throw new Error(`the checkpoint of ${look.epoch} is closed though it is alive`);
    }
    return this.#takeUp(server, checkpoint);
  }

  async #takeUp(server: MemcachedClient, checkpoint: Checkpoint): Promise<QueueFlush> {
    const queue = new QueueFlush(this.#deps, server, checkpoint);
    await queue.clearLeftovers();
    this.#queues.set(checkpoint.epoch, queue);
    return queue;
  }

  /**
   * Epochs of this server that are open in MySQL and no longer current: their memory is gone, or only
   * their name is. What is still there is flushed, then the epoch is closed.
   */
  async #closeDeadEpochs(
    server: MemcachedClient,
    open: readonly Checkpoint[],
    looks: readonly QueueState[],
    counts: FlushCounts,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const current = new Set(looks.map(look => look.epoch));
    const dead = open.filter(({ server: at, epoch }) => at === server.name && !current.has(epoch));
    for (const checkpoint of dead) {
      const queue = this.#queues.get(checkpoint.epoch) ?? (await this.#takeUp(server, checkpoint));
      await queue.refresh();
      const pointer = await lastTrace(server, queue.checkpoint);
      const rest = { server, lane: laneOf(checkpoint.queue), pointer, flush: queue };
      const { relief, random } = this.#deps;
      const step = () => queue.step(pointer, counts);
      await driveQueues([rest], { relief, random, step, signal, waitForMissing: true });
      if (depthOf(rest) > 0) continue;
      await closeCheckpoint(this.#deps.store, checkpoint.epoch, wallMs());
      this.#queues.delete(checkpoint.epoch);
      this.#lifeEnded();
      this.#openEpochs = this.#openEpochs?.filter(open => open.epoch !== checkpoint.epoch);
      this.#deps.log.warn({ event: "epoch_closed", ...queue.checkpoint, pointer });
    }
  }
}

/** The newest slot that a dead epoch may still have: by its pointer, or by looking. */
async function lastTrace(server: MemcachedClient, checkpoint: Checkpoint): Promise<number> {
  const { queue, epoch, slot } = checkpoint;
  const pointer = await readPointer(server, queue, epoch);
  if (pointer !== null) return pointer;
  const probes = range(slot + 1, slot + probeSlots);
  const found = await readSlots(server, queue, epoch, probes);
  return Math.max(slot, ...found.keys());
}
