/**
 * The alarm about a memcached server that throws things away, or will when it is full: said once in the log, for
 * as long as this process runs. The pages and the metrics say it again each time.
 */
import type { Log } from "#lib/base/log.ts";
import type { MemcachedClient } from "#lib/memcached/client.ts";
import { orWhenAway } from "#lib/memcached/failure.ts";
import { readMemory } from "#lib/memcached/memory-stats.ts";

export class MemoryAlarm {
  readonly #log: Log;
  readonly #servers: readonly MemcachedClient[];
  readonly #queueServers: readonly MemcachedClient[];
  readonly #said = new Set<string>();

  constructor(
    log: Log,
    servers: readonly MemcachedClient[],
    queueServers: readonly MemcachedClient[],
  ) {
    this.#log = log;
    this.#servers = [...new Set([...servers, ...queueServers])];
    this.#queueServers = queueServers;
  }

  /** Looks at all servers and says what was not said before. Never rejects for a server that is away. */
  async look(): Promise<void> {
    for (const server of this.#servers) {
      const memory = await orWhenAway(readMemory(server), () => undefined);
      if (!memory) continue;
      const { evictions, mayEvict } = memory;
      if (mayEvict) this.#say("memcached_without_m", server, { todo: "start it with -M" });
      if (evictions > 0) this.#say("memcached_evicts", server, { evictions });
    }
  }

  /** Where votes wait it is an error: one of them may be gone. Elsewhere all of it can be made again. */
  #say(event: string, server: MemcachedClient, more: Record<string, unknown>): void {
    const once = `${event} ${server.name}`;
    if (this.#said.has(once)) return;
    this.#said.add(once);
    const holdsQueues = this.#queueServers.includes(server);
    const line = { event, server: server.name, holdsQueues, ...more };
    if (holdsQueues) this.#log.error(line);
    else this.#log.warn(line);
  }
}
