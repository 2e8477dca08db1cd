/**
 * One pass over all queues of all servers: everything that waits goes to MySQL.
 *
 * The daemon calls `pass` again and again, the one-shot once; nothing here knows which it is. Any number
 * of passes may run at once, in any number of processes: they share the queues by the row locks of
 * `checkpoints`.
 */
import { monotonicMs, sleep, wallMs } from "../clock.ts";
import type { Epoch } from "../ids.ts";
import type { Lane } from "../lane-rules.ts";
import { describeError } from "../log.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { isMemcachedFailure } from "../memcached/failure.ts";
import { lookAtQueues, type QueueLook, readPointer, readSlots } from "../queue/drain.ts";
import { pickLane, sumWaiting } from "../queue/lanes.ts";
import { allQueueNames, laneOf } from "../queue/names.ts";
import {
  type Checkpoint,
  closeCheckpoint,
  openCheckpoint,
  openCheckpoints,
} from "../store/checkpoints.ts";
import {
  type FlushCounts,
  type FlushDeps,
  noCounts,
  QueueFlush,
  type StepState,
} from "./queue-flush.ts";

export interface PassOptions {
  /** Stop between two commits when this is aborted. */
  readonly signal?: AbortSignal;
  /** Stay until missing slots are written or given up, instead of coming back to them next time. */
  readonly waitForHoles?: boolean;
  /** Begin no further commit after so many milliseconds: what came meanwhile may go first. */
  readonly withinMs?: number;
  /** Told after each commit how far the pass is. */
  readonly progress?: (progress: PassProgress) => void;
}

/** How far a pass is. */
export interface PassProgress {
  /** Ballots committed in this pass, whatever became of them. */
  readonly ballots: number;
  /** Slots committed in this pass. */
  readonly slots: number;
  /** Slots that wait, as far as the pass has seen. */
  readonly waiting: number;
}

export interface PassSummary extends FlushCounts {
  /** Slots that were taken and are not committed; 0 means that the queues are empty. */
  readonly waiting: number;
  /** Servers that could not be asked. */
  readonly unreachable: readonly string[];
  /** Every ballot that waits was seen: fewer servers were unreachable than there are copies. */
  readonly sawEverything: boolean;
}

/** A queue in a pass. */
interface LaneQueue {
  readonly server: MemcachedClient;
  readonly lane: Lane;
  /** Newest slot when the pass looked. */
  readonly pointer: number;
  readonly flush: QueueFlush;
}

/** How far behind a dead epoch's checkpoint a slot is looked for. */
const probeSlots = 64;
const holePollMs = 50;

export class Flusher {
  readonly #deps: FlushDeps;
  readonly #servers: readonly MemcachedClient[];
  readonly #homes: number;
  readonly #copies: number;
  readonly #away = new Set<MemcachedClient>();
  readonly #queues = new Map<Epoch, QueueFlush>();
  #openEpochs: Checkpoint[] | undefined;
  #lastDisturbanceMs = Number.NEGATIVE_INFINITY;

  /** @param copies - on how many servers a batch is, if they are up. */
  constructor(deps: FlushDeps, servers: readonly MemcachedClient[], homes: number, copies: number) {
    this.#deps = deps;
    this.#servers = servers;
    this.#homes = homes;
    this.#copies = copies;
  }

  /**
   * Flushes what waits.
   *
   * @throws StoreFailure when MySQL can't be used; what was committed before stays committed.
   */
  async pass(options: PassOptions = {}): Promise<PassSummary> {
    const counts = noCounts();
    const queues: LaneQueue[] = [];
    // Those that were away come last: what is on them is on the others, or has to wait anyway.
    const inOrder = [...this.#servers].sort((a, b) => this.#rank(a) - this.#rank(b));
    for (const server of inOrder) {
      const found = await this.#reach(server, () => this.#takeStock(server, counts, options));
      if (!found) continue;
      queues.push(...found);
      if (this.#away.delete(server)) this.#lastDisturbanceMs = monotonicMs();
    }
    await this.#flushByLane(queues, counts, options);
    const { waiting } = progressOf(counts, queues);
    const unreachable = [...this.#away].map(({ name }) => name);
    return { ...counts, waiting, unreachable, sawEverything: this.#away.size < this.#copies };
  }

  /** What `work` gives; `undefined` when its server went away under it. */
  async #reach<T>(server: MemcachedClient, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!isMemcachedFailure(error)) throw error;
      this.#unreachable(server, error);
      return undefined;
    }
  }

  #rank(server: MemcachedClient): number {
    return this.#away.has(server) ? 1 : 0;
  }

  /** Said once; a server that is away for long is not a disturbance for as long. */
  #unreachable(server: MemcachedClient, error: unknown): void {
    if (this.#away.has(server)) return;
    this.#away.add(server);
    this.#lastDisturbanceMs = monotonicMs();
    const { log } = this.#deps;
    log.warn({ event: "server_unreachable", server: server.name, ...describeError(error) });
  }

  /** When a queue last lost its memory, went away or came back; monotonic. */
  get lastDisturbanceMs(): number {
    return this.#lastDisturbanceMs;
  }

  #look(server: MemcachedClient): Promise<QueueLook[]> {
    return lookAtQueues(server, allQueueNames(this.#homes));
  }

  /** The queues of a server as they stand now, after what is left of those that are over was flushed. */
  async #takeStock(
    server: MemcachedClient,
    counts: FlushCounts,
    options: PassOptions,
  ): Promise<LaneQueue[]> {
    // In this order: an epoch that was open before the look, and is not in it, is over for good.
    this.#openEpochs ??= await openCheckpoints(this.#deps.store);
    const looks = await this.#look(server);
    await this.#closeDeadEpochs(server, this.#openEpochs, looks, counts, options);
    const queues: LaneQueue[] = [];
    for (const look of looks) {
      if (options.signal?.aborted) break;
      const flush = await this.#queue(server, look);
      if (!flush) continue;
      await flush.deleteDue();
      if (flush.checkpoint.slot < look.pointer) await flush.refresh();
      queues.push({ server, lane: laneOf(look.queue), pointer: look.pointer, flush });
    }
    return queues;
  }

  /**
   * One commit after the other, each from the lane that is next (`queue/lanes.ts`), until nothing more can be
   * done or the time is up. Queues of one lane take turns.
   */
  async #flushByLane(
    queues: readonly LaneQueue[],
    counts: FlushCounts,
    options: PassOptions,
  ): Promise<void> {
    const { relief, random } = this.#deps;
    const untilMs = monotonicMs() + (options.withinMs ?? Number.POSITIVE_INFINITY);
    const left = queues.filter(queue => depthOf(queue) > 0);
    const held: LaneQueue[] = [];
    while (!options.signal?.aborted && monotonicMs() < untilMs) {
      const lane = pickLane(
        sumWaiting(left, queue => queue.lane, depthOf),
        relief,
        random,
      );
      const [queue] = left.splice(
        left.findIndex(each => each.lane === lane),
        1,
      );
      if (!queue) {
        if (held.length === 0) break;
        await sleep(holePollMs, options.signal);
        for (const each of held) await each.flush.refresh();
        left.push(...held.splice(0).filter(each => depthOf(each) > 0));
        continue;
      }
      const state = await this.#reach(queue.server, () => stepOnce(queue, counts));
      options.progress?.(progressOf(counts, queues));
      if (state === "progress") left.push(queue);
      if (state === "waiting" && options.waitForHoles) held.push(queue);
    }
    // Those with nothing left: what others have committed of them is deleted.
    for (const queue of queues.filter(each => depthOf(each) === 0)) {
      if (!this.#away.has(queue.server)) {
        await this.#reach(queue.server, () => queue.flush.step(queue.pointer, counts));
      }
    }
  }

  /** Steps until nothing more can be done; gives the number of slots still waiting. */
  async #flush(
    queue: QueueFlush,
    look: Pick<QueueLook, "pointer">,
    counts: FlushCounts,
    options: PassOptions,
  ): Promise<number> {
    await queue.deleteDue();
    if (queue.checkpoint.slot < look.pointer) await queue.refresh();
    while (!options.signal?.aborted) {
      const state = await queue.step(look.pointer, counts);
      if (state === "drained" || state === "busy") break;
      if (state === "waiting") {
        if (!options.waitForHoles) break;
        await sleep(holePollMs, options.signal);
        await queue.refresh();
      }
    }
    return Math.max(0, look.pointer - queue.checkpoint.slot);
  }

  /**
   * The flush of a queue's life, taken up from its checkpoint; `undefined` when it ended after we
   * looked, and another worker has closed it.
   */
  async #queue(server: MemcachedClient, look: QueueLook): Promise<QueueFlush | undefined> {
    const known = this.#queues.get(look.epoch);
    if (known) return known;
    await openCheckpoint(
      this.#deps.store,
      { epoch: look.epoch, server: server.name, queue: look.queue },
      wallMs(),
    );
    this.#openEpochs = await openCheckpoints(this.#deps.store);
    const checkpoint = this.#openEpochs.find(open => open.epoch === look.epoch);
    if (!checkpoint)
      throw new Error(`the checkpoint of ${look.epoch} is closed though it is alive`);
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
    looks: readonly QueueLook[],
    counts: FlushCounts,
    options: PassOptions,
  ): Promise<void> {
    const current = new Set(looks.map(look => look.epoch));
    const dead = open.filter(({ server: at, epoch }) => at === server.name && !current.has(epoch));
    for (const checkpoint of dead) {
      const queue = this.#queues.get(checkpoint.epoch) ?? (await this.#takeUp(server, checkpoint));
      await queue.refresh();
      const pointer = await lastTrace(server, queue.checkpoint);
      const left = await this.#flush(queue, { pointer }, counts, {
        ...options,
        waitForHoles: true,
      });
      if (left > 0) continue;
      await closeCheckpoint(this.#deps.store, checkpoint.epoch, wallMs());
      this.#queues.delete(checkpoint.epoch);
      this.#lastDisturbanceMs = monotonicMs();
      this.#openEpochs = this.#openEpochs?.filter(open => open.epoch !== checkpoint.epoch);
      this.#deps.log.warn({ event: "epoch_closed", ...queue.checkpoint, pointer });
    }
  }
}

/** Slots that wait, as far as the pass has seen. */
function depthOf({ pointer, flush }: LaneQueue): number {
  return Math.max(0, pointer - flush.checkpoint.slot);
}

function progressOf(counts: FlushCounts, queues: readonly LaneQueue[]): PassProgress {
  return {
    ballots: counts.counted + counts.duplicates + counts.redelivered,
    slots: counts.slots,
    waiting: queues.reduce((sum, queue) => sum + depthOf(queue), 0),
  };
}

/** One commit; `drained` when it was the last. */
async function stepOnce(queue: LaneQueue, counts: FlushCounts): Promise<StepState> {
  const state = await queue.flush.step(queue.pointer, counts);
  return state === "progress" && depthOf(queue) === 0 ? "drained" : state;
}

/** The newest slot that a dead epoch may still have: by its pointer, or by looking. */
async function lastTrace(server: MemcachedClient, checkpoint: Checkpoint): Promise<number> {
  const { queue, epoch, slot } = checkpoint;
  const pointer = await readPointer(server, queue, epoch);
  if (pointer !== null) return pointer;
  const probes = Array.from({ length: probeSlots }, (_, index) => slot + 1 + index);
  const found = await readSlots(server, queue, epoch, probes);
  return Math.max(slot, ...found.keys());
}
