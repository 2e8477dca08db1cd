/** Reads the queue servers for the worker's pages; requests within a second share one reading. */
import { LRUCache } from "lru-cache";
import { SECOND } from "#lib/base/clock.ts";
import { machineName } from "#lib/fleet/process-identity.ts";
import { changeText } from "#lib/fleet/server-sentence.ts";
import type { MemcachedClient } from "#lib/memcached/client.ts";
import { orWhenMemcachedFails } from "#lib/memcached/failure.ts";
import { type Memory, readMemory } from "#lib/memcached/memory-stats.ts";
import { type LaneDepth, readDepth } from "#lib/queue/depth.ts";
import { behindMs, refusedLanes, type ServerMemory } from "#lib/queue/memory-limits.ts";
import type { WorkerParts } from "../worker-parts.ts";
import type { FrontsSurvey } from "./front-sentence.ts";
import type { Survey } from "./state.ts";

export type SurveyedWorker = Pick<
  WorkerParts,
  "clock" | "fleet" | "flusher" | "fronts" | "config" | "placement" | "homes" | "setbacks"
>;

export class Surveyor {
  readonly #worker: SurveyedWorker;
  readonly #latest = new LRUCache<"survey", Survey>({
    max: 1,
    ttl: SECOND,
    fetchMethod: () => this.#ask(),
  });

  constructor(worker: SurveyedWorker) {
    this.#worker = worker;
  }

  /** What waits now, or waited within the last second. Never rejects for a server that is away. */
  survey(): Promise<Survey> {
    return this.#latest.forceFetch("survey");
  }

  async #ask(): Promise<Survey> {
    const { clock, placement, homes, config } = this.#worker;
    const atMs = clock.nowMs();
    const servers = await Promise.all(
      placement.all.map(async server => {
        const holdsQueues = placement.queueServers.includes(server);
        const [memory, lanes] = await Promise.all([
          memoryOf(server),
          holdsQueues ? readDepth(server, homes.names) : [],
        ]);
        return { name: server.name, holdsQueues, memory, lanes: lanes ?? [] };
      }),
    );
    const memories = servers.flatMap(({ holdsQueues, memory, lanes }) =>
      memory && holdsQueues ? [serverMemoryOf(memory, lanes, atMs)] : [],
    );
    const { queueCopies: copies, queueMemoryPercent: share } = config;
    return {
      atMs,
      servers,
      lanesRefused: refusedLanes(memories, copies, share),
      wrongClocks: clock.wrong,
      machine: machineName(),
      fronts: frontsOf(this.#worker),
      setbacks: this.#worker.setbacks,
      serverChange: changeText(placement.lists, this.#worker.fleet.members),
      standstills: this.#worker.flusher.standstills,
    };
  }
}

const frontsOf = ({ fleet, fronts, config }: SurveyedWorker): FrontsSurvey => ({
  members: fleet.members,
  missing: fronts.missing,
  waitingResults: fronts.waitingResults,
  goneMs: config.frontGoneMs,
});

function serverMemoryOf(memory: Memory, lanes: readonly LaneDepth[], atMs: number): ServerMemory {
  return {
    usedPercent: (memory.usedBytes / memory.limitBytes) * 100,
    behind: lanes.some(({ oldestAtMs = atMs }) => atMs - oldestAtMs > behindMs),
  };
}

const memoryOf = (server: MemcachedClient): Promise<Memory | undefined> =>
  orWhenMemcachedFails(readMemory(server), () => undefined);
