/**
 * Which memcached servers hold an item: a fixed rule, from the item's number and the order of the servers in the
 * configuration. No item is re-hashed when a server is away; with two copies, the other server is used.
 */
import type { MemcachedClient } from "./client.ts";

export class Placement {
  /** All servers, in the order of the configuration. */
  readonly servers: readonly MemcachedClient[];
  readonly #byRest: readonly (readonly MemcachedClient[])[];

  /** @param copies - number of servers for each item, limited by the number of servers. */
  constructor(servers: readonly MemcachedClient[], copies: number) {
    if (servers.length === 0) throw new RangeError("no memcached server is configured");
    this.servers = servers;
    this.#byRest = servers.map((_, rest) => inOrderFrom(servers, rest).slice(0, copies));
  }

  /** The servers of the item with this number, the preferred one first. */
  of(number: number): readonly MemcachedClient[] {
    return this.#byRest[number % this.#byRest.length] ?? [];
  }

  /** The same, without those that are away. */
  up(number: number): readonly MemcachedClient[] {
    return serversUp(this.of(number));
  }
}

/** The servers that are not away. */
export function serversUp(servers: readonly MemcachedClient[]): readonly MemcachedClient[] {
  return servers.filter(({ available }) => available);
}

/** All servers, beginning with the one at `index`. */
export function inOrderFrom(
  servers: readonly MemcachedClient[],
  index: number,
): readonly MemcachedClient[] {
  return servers.map((_, i) => servers[(index + i) % servers.length] as MemcachedClient);
}
