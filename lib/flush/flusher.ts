/**
 * One pass over all queues of all servers: everything that waits goes to MySQL.
 *
 * The daemon calls `pass` again and again, the one-shot once. Any number of passes may run at the same time,
 * in any number of processes: the row locks of `checkpoints` share the queues among them.
 */
import { monotonicMs } from "../base/clock.ts";
import { describeError } from "../base/log.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { orWhenMemcachedFails } from "../memcached/failure.ts";
import type { Placement } from "../memcached/placement.ts";
import type { QueueHomes } from "../queue/queue-homes.ts";
import { isStoreFailure } from "../store/failure.ts";
import { learnHomes } from "../store/fleet-processes.ts";
import { type FlushCounts, noCounts } from "./counts.ts";
import type { FlushDeps } from "./deps.ts";
import { depthOf, driveQueues, type LaneQueue } from "./drive-queues.ts";
import { OpenQueues } from "./open-queues.ts";
import type { StepState } from "./queue-flush.ts";
import { type Standstill, Standstills } from "./standstills.ts";

export interface PassOptions {
  /** Stop between two commits when this is aborted. */
  readonly signal?: AbortSignal;
  /** Wait until missing slots are written or given up, instead of leaving them to the next pass. */
  readonly waitForMissing?: boolean;
  /** Start no further commit after this time, so that ballots of a higher lane that arrived meanwhile go first. */
  readonly withinMs?: number;
  /** Called after each commit. */
  readonly progress?: (progress: PassProgress) => void;
}

/** How far a pass is. */
export interface PassProgress {
  /** Ballots committed in this pass, whatever their fate. */
  readonly ballots: number;
  /** Slots committed in this pass. */
  readonly slots: number;
  /** Slots that wait, by the pointers that the pass has read. */
  readonly waiting: number;
}

export interface PassSummary extends FlushCounts {
  /** Slots that were taken and are not committed; 0 means that the queues are empty. */
  readonly waiting: number;
  /** Names of the servers that could not be reached. */
  readonly unreachable: readonly string[];
  /** True when every waiting ballot was seen: fewer servers were unreachable than there are copies. */
  readonly sawEverything: boolean;
}

export class Flusher {
  readonly #deps: FlushDeps;
  readonly #placement: Pick<Placement, "queueServers" | "isGone">;
  readonly #homes: QueueHomes;
  readonly #copies: number;
  readonly #away = new Set<MemcachedClient>();
  readonly #openQueues: OpenQueues;
  readonly #standstills: Standstills;
  #lastDisturbanceMs = Number.NEGATIVE_INFINITY;
  /** The last pass read the queues of at least so many homes. */
  #homesRead = 0;

  /** @param copies - on how many servers each batch is stored when all are up. */
  constructor(
    deps: FlushDeps,
    placement: Pick<Placement, "queueServers" | "isGone">,
    homes: QueueHomes,
    copies: number,
  ) {
    this.#deps = deps;
    this.#placement = placement;
    this.#homes = homes;
    this.#openQueues = new OpenQueues(deps, homes, () => {
      this.#lastDisturbanceMs = monotonicMs();
    });
    this.#copies = copies;
    this.#standstills = new Standstills(deps.graceMs);
  }

  /**
   * Flushes every waiting slot.
   *
   * @throws StoreFailure when MySQL can't be used; earlier commits of the pass stay.
   */
  async pass(options: PassOptions = {}): Promise<PassSummary> {
    try {
      return await this.#pass(options);
    } catch (error) {
      if (isStoreFailure(error)) await this.#openQueues.mysqlIsAway();
      throw error;
    }
  }

  /**
   * True when MySQL has, at this moment, every commit of every queue that can be reached, and the last pass read every
   * queue that a front may write to. For decisions that can't be taken back: since that pass MySQL may have been set
   * back, or a front may have come with a home that this process did not know of.
   *
   * @throws StoreFailure.
   */
  async confirm(): Promise<boolean> {
    await learnHomes(this.#deps.store, this.#homes);
    let confirmed = this.#homes.count <= this.#homesRead;
    for (const server of this.#placement.queueServers) {
      const found = await this.#reach(server, () => this.#openQueues.confirm(server));
      confirmed &&= found !== false;
    }
    return confirmed;
  }

  async #pass(options: PassOptions): Promise<PassSummary> {
    const counts = noCounts();
    const queues: LaneQueue[] = [];
    const homesRead = this.#homes.count;
    const { queueServers } = this.#placement;
    for (const server of this.#away) if (!queueServers.includes(server)) this.#away.delete(server);
    // Servers that were away come last: their batches are on the others as well, or can wait.
    const inOrder = [...queueServers].sort((a, b) => this.#rank(a) - this.#rank(b));
    for (const server of inOrder) {
      const found = await this.#reach(server, () =>
        this.#openQueues.queuesOn(server, counts, options.signal),
      );
      if (!found) continue;
      queues.push(...found);
      if (this.#away.delete(server)) this.#lastDisturbanceMs = monotonicMs();
    }
    const { relief, random } = this.#deps;
    await driveQueues(queues, {
      relief,
      random,
      step: queue => this.#step(queue, queues, counts, options),
      signal: options.signal,
      untilMs: monotonicMs() + (options.withinMs ?? Number.POSITIVE_INFINITY),
      waitForMissing: options.waitForMissing ?? false,
    });
    this.#standstills.keepOnly(queues);
    for (const standstill of this.#standstills.takeNew()) {
      this.#deps.log.error({ event: "queue_stands_still", ...standstill });
    }
    this.#homesRead = homesRead;
    const { waiting } = progressOf(counts, queues);
    const missing = [...this.#away].filter(server => !this.#placement.isGone(server));
    const unreachable = missing.map(({ name }) => name);
    return { ...counts, waiting, unreachable, sawEverything: missing.length < this.#copies };
  }

  async #step(
    queue: LaneQueue,
    queues: readonly LaneQueue[],
    counts: FlushCounts,
    options: PassOptions,
  ): Promise<StepState | undefined> {
    const isEmpty = depthOf(queue) === 0;
    if (isEmpty && this.#away.has(queue.server)) return undefined;
    const state = await this.#reach(queue.server, () => queue.flush.step(queue.pointer, counts));
    if (!isEmpty) options.progress?.(progressOf(counts, queues));
    this.#standstills.note(queue);
    return state;
  }

  /** The result of `work`; `undefined` when the server became unreachable. */
  #reach<T>(server: MemcachedClient, work: () => Promise<T>): Promise<T | undefined> {
    return orWhenMemcachedFails(work(), failure => {
      this.#unreachable(server, failure);
      return undefined;
    });
  }

  #rank(server: MemcachedClient): number {
    return this.#away.has(server) ? 1 : 0;
  }

  /** Logged once for each outage; only its start and its end count as disturbances. */
  #unreachable(server: MemcachedClient, error: unknown): void {
    if (this.#away.has(server)) return;
    this.#away.add(server);
    this.#lastDisturbanceMs = monotonicMs();
    const { log } = this.#deps;
    log.warn({ event: "server_unreachable", server: server.name, ...describeError(error) });
  }

  /** The queues whose slots wait although their turn comes. */
  get standstills(): readonly Standstill[] {
    return this.#standstills.all;
  }

  /** MySQL's generation, as a pass has last read it. */
  get generation(): string | undefined {
    return this.#openQueues.generation;
  }

  /** When a queue last lost its memory, a server went away or came back, or MySQL had a setback; monotonic. */
  get lastDisturbanceMs(): number {
    return this.#lastDisturbanceMs;
  }
}

function progressOf(counts: FlushCounts, queues: readonly LaneQueue[]): PassProgress {
  return {
    ballots: counts.counted + counts.duplicates + counts.redelivered + counts.replaced,
    slots: counts.slots,
    waiting: queues.reduce((sum, queue) => sum + depthOf(queue), 0),
  };
}
