/** Looking at the queue servers for the pages: shared by whoever asks within a second. */
import { monotonicMs, SECOND, wallMs } from "#lib/clock.ts";
import type { MemcachedClient } from "#lib/memcached/client.ts";
import { isMemcachedFailure } from "#lib/memcached/failure.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import { surveyServer } from "#lib/queue/survey.ts";
import type { WorkerRuntime } from "../runtime.ts";
import type { Memory, Survey } from "./state.ts";

const freshMs = SECOND;

export class Surveyor {
  readonly #worker: WorkerRuntime;
  #last: { readonly atMs: number; readonly survey: Promise<Survey> } | undefined;

  constructor(worker: WorkerRuntime) {
    this.#worker = worker;
  }

  /** What waits now, or waited within the last second. Never rejects for a server that is away. */
  survey(): Promise<Survey> {
    const now = monotonicMs();
    if (!this.#last || now - this.#last.atMs > freshMs) {
      this.#last = { atMs: now, survey: this.#look() };
    }
    return this.#last.survey;
  }

  async #look(): Promise<Survey> {
    const { queueServers, queueNames, memcached } = this.#worker;
    const servers = await Promise.all(
      [...new Set([...queueServers, ...memcached])].map(async server => {
        const holdsQueues = queueServers.includes(server);
        const [memory, lanes] = await Promise.all([
          readMemory(server),
          holdsQueues ? surveyServer(server, queueNames) : [],
        ]);
        return { name: server.name, memory, lanes: lanes ?? [] };
      }),
    );
    return { atMs: wallMs(), servers };
  }
}

async function readMemory(server: MemcachedClient): Promise<Memory | undefined> {
  try {
    const p = new Pipeline();
    const op = p.stats();
    const stats = (await server.read(p)).of(op);
    const number = (name: string) => Number(stats.get(name) ?? 0);
    return {
      usedBytes: number("bytes"),
      limitBytes: number("limit_maxbytes"),
      evictions: number("evictions"),
      outOfMemory: number("store_no_memory"),
    };
  } catch (error) {
    if (!isMemcachedFailure(error)) throw error;
    return undefined;
  }
}
