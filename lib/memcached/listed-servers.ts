/** Where items live by one list of servers and its rule. */
import type { PollKey, Slug, VoterKey } from "../model/ids.ts";
import { canonical, type ServerList } from "../model/server-list.ts";
import type { MemcachedClient } from "./client.ts";
import { hashOf, highest, ranked } from "./rendezvous.ts";

export class ListedServers {
  readonly servers: readonly MemcachedClient[];
  /** In the order of the locks. */
  readonly queues: readonly MemcachedClient[];
  readonly #isByOrder: boolean;
  readonly #copies: number;
  readonly #hashes: Uint32Array;

  constructor(list: ServerList, copies: number, clientOf: (name: string) => MemcachedClient) {
    this.#isByOrder = list.rule === "by_order";
    const { memcached, queues } = this.#isByOrder ? list : canonical(list);
    this.servers = memcached.map(clientOf);
    this.queues = queues.map(clientOf);
    this.#copies = copies;
    this.#hashes = Uint32Array.from(memcached, hashOf);
  }

  ofPoll(poll: PollKey): readonly MemcachedClient[] {
    return this.#of(`poll ${poll}`, Number(BigInt(poll) % BigInt(this.servers.length)));
  }

  ofSlug(slug: Slug): readonly MemcachedClient[] {
    let number = 7;
    for (const char of slug) number = (number * 31 + char.charCodeAt(0)) >>> 0;
    return this.#of(`slug ${slug}`, number);
  }

  ofLists(): readonly MemcachedClient[] {
    return this.#of("lists", 0);
  }

  /** Voter keys are as good as random, so their first bits are their hash. */
  ofVoter(voter: VoterKey): MemcachedClient {
    const bits = Number.parseInt(voter.slice(0, 8), 16);
    return this.#at(this.#isByOrder ? bits % this.servers.length : highest(this.#hashes, bits));
  }

  ofDigest(digest: string): MemcachedClient {
    return this.#at(this.#isByOrder ? 0 : highest(this.#hashes, hashOf(digest)));
  }

  /** @param number - stands for the item where the order of the list decides. */
  #of(item: string, number: number): readonly MemcachedClient[] {
    const indexes = this.#isByOrder
      ? this.servers.map((_, index) => (number + index) % this.servers.length)
      : ranked(this.#hashes, hashOf(item));
    return indexes.slice(0, this.#copies).map(index => this.#at(index));
  }

  #at(index: number): MemcachedClient {
    return this.servers[index] as MemcachedClient;
  }
}
