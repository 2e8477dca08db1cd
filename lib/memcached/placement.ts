/**
 * Which memcached servers hold an item, and which have queues. Everything that asks where something lives asks this
 * object, each time: its servers can change while the process runs.
 *
 * Items do not move when a server is away; with two copies, the other server is used.
 */
import type { PollKey, Slug, VoterKey } from "../model/ids.ts";
import type { MemcachedClient } from "./client.ts";

export class Placement {
  /** All servers of tallies, marks and published polls. */
  readonly servers: readonly MemcachedClient[];
  /** All servers that may have queues, in the order of the locks. */
  readonly queueServers: readonly MemcachedClient[];
  readonly #byRest: readonly (readonly MemcachedClient[])[];

  /** @param copies - number of servers for each item, limited by the number of servers. */
  constructor(
    servers: readonly MemcachedClient[],
    copies: number,
    queueServers: readonly MemcachedClient[] = servers,
  ) {
    if (servers.length === 0) throw new RangeError("no memcached server is configured");
    this.servers = servers;
    this.queueServers = queueServers;
    this.#byRest = servers.map((_, rest) => inOrderFrom(servers, rest).slice(0, copies));
  }

  /** Each server once, whatever it holds. */
  get all(): readonly MemcachedClient[] {
    return [...new Set([...this.servers, ...this.queueServers])];
  }

  /** The queue servers that new batches go to, in the order of the locks. */
  get enqueueServers(): readonly MemcachedClient[] {
    return this.queueServers;
  }

  /** The servers of a poll's tallies and counts, the preferred one first. */
  of(poll: PollKey): readonly MemcachedClient[] {
    return this.#ofNumber(Number(BigInt(poll) % BigInt(this.#byRest.length)));
  }

  /** The same, without those that are away. */
  up(poll: PollKey): readonly MemcachedClient[] {
    return serversUp(this.of(poll));
  }

  /** The servers of a published poll. */
  ofSlug(slug: Slug): readonly MemcachedClient[] {
    let hash = 7;
    for (const char of slug) hash = (hash * 31 + char.charCodeAt(0)) >>> 0;
    return this.#ofNumber(hash);
  }

  /** The servers of the list of polls, and of the number of publications. */
  ofLists(): readonly MemcachedClient[] {
    return this.#ofNumber(0);
  }

  /** The server of a voter's marks. */
  ofVoter(voter: VoterKey): MemcachedClient {
    return this.servers[
      Number.parseInt(voter.slice(0, 8), 16) % this.servers.length
    ] as MemcachedClient;
  }

  /** The server of a count of attempts to sign in. */
  ofDigest(_digest: string): MemcachedClient {
    return this.servers[0] as MemcachedClient;
  }

  #ofNumber(number: number): readonly MemcachedClient[] {
    return this.#byRest[number % this.#byRest.length] ?? [];
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
