/**
 * One pass over all queues of all servers: everything that waits goes to MySQL.
 *
 * The daemon calls `pass` again and again, the one-shot once; nothing here knows which it is. Any number
 * of passes may run at once, in any number of processes: they share the queues by the row locks of
 * `checkpoints`.
 */
import { monotonicMs } from "../base/clock.ts";
import { describeError } from "../base/log.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { orWhenAway } from "../memcached/failure.ts";
import { type FlushCounts, noCounts } from "./counts.ts";
import type { FlushDeps } from "./deps.ts";
import { depthOf, driveQueues, type LaneQueue } from "./drive-queues.ts";
import { OpenQueues } from "./open-queues.ts";
import type { StepState } from "./queue-flush.ts";

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

export class Flusher {
  readonly #deps: FlushDeps;
  readonly #servers: readonly MemcachedClient[];
  readonly #copies: number;
  readonly #away = new Set<MemcachedClient>();
  readonly #openQueues: OpenQueues;
  #lastDisturbanceMs = Number.NEGATIVE_INFINITY;

  /** @param copies - on how many servers a batch is, if they are up. */
  constructor(deps: FlushDeps, servers: readonly MemcachedClient[], homes: number, copies: number) {
    this.#deps = deps;
    this.#servers = servers;
    this.#openQueues = new OpenQueues(deps, homes, () => {
      this.#lastDisturbanceMs = monotonicMs();
    });
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
      const found = await this.#reach(server, () =>
        this.#openQueues.take(server, counts, options.signal),
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
      waitForMissing: options.waitForHoles ?? false,
    });
    const { waiting } = progressOf(counts, queues);
    const unreachable = [...this.#away].map(({ name }) => name);
    return { ...counts, waiting, unreachable, sawEverything: this.#away.size < this.#copies };
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
    return state;
  }

  /** What `work` gives; `undefined` when its server went away under it. */
  #reach<T>(server: MemcachedClient, work: () => Promise<T>): Promise<T | undefined> {
    return orWhenAway(work(), failure => {
      this.#unreachable(server, failure);
      return undefined;
    });
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
}

function progressOf(counts: FlushCounts, queues: readonly LaneQueue[]): PassProgress {
  return {
    ballots: counts.counted + counts.duplicates + counts.redelivered + counts.replaced,
    slots: counts.slots,
    waiting: queues.reduce((sum, queue) => sum + depthOf(queue), 0),
  };
}
