/**
 * Warns about a memcached server that evicts, or will when it is full: once in the log for each server and process.
 * The pages and the metrics show it for as long as it lasts.
 */
import type { Log } from "#lib/base/log.ts";
import type { MemcachedClient } from "#lib/memcached/client.ts";
import { orWhenMemcachedFails } from "#lib/memcached/failure.ts";
import { readMemory } from "#lib/memcached/memory-stats.ts";
import type { Placement } from "#lib/memcached/placement.ts";

export class MemoryAlarm {
  readonly #log: Log;
  readonly #placement: Placement;
  readonly #logged = new Set<string>();

  constructor(log: Log, placement: Placement) {
    this.#log = log;
    this.#placement = placement;
  }

  /** Checks all servers and logs what was not logged before. Never rejects for a server that is away. */
  async check(): Promise<void> {
    for (const server of this.#placement.all) {
      const memory = await orWhenMemcachedFails(readMemory(server), () => undefined);
      if (!memory) continue;
      const { evictions, mayEvict } = memory;
      if (mayEvict) this.#warn("memcached_without_m", server, { todo: "start it with -M" });
      if (evictions > 0) this.#warn("memcached_evicts", server, { evictions });
    }
  }

  /** An error on a queue server, where a vote may be gone; a warning elsewhere, where everything can be rebuilt. */
  #warn(event: string, server: MemcachedClient, more: Record<string, unknown>): void {
    const once = `${event} ${server.name}`;
    if (this.#logged.has(once)) return;
    this.#logged.add(once);
    const holdsQueues = this.#placement.queueServers.includes(server);
    const line = { event, server: server.name, holdsQueues, ...more };
    if (holdsQueues) this.#log.error(line);
    else this.#log.warn(line);
  }
}
