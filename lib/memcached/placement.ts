/**
 * Which memcached servers hold an item, and which have queues. Everything that asks where something lives asks this
 * object, each time: its servers can change while the process runs (`model/server-list.ts`).
 *
 * While a change of the list is under way, an item has servers by both lists. Those that it is read from come first;
 * all of them are written.
 *
 * Items do not move when a server is away; with two copies, the other server is used.
 */
import { SECOND } from "../base/clock.ts";
import type { PollKey, Slug, VoterKey } from "../model/ids.ts";
import {
  otherList,
  positionOf,
  readList,
  type ServerList,
  type ServerLists,
} from "../model/server-list.ts";
import type { MemcachedClient } from "./client.ts";
import { ListedServers } from "./listed-servers.ts";

/** The polls whose servers are remembered. */
const rememberedMax = 50_000;
const leavingAwayMsMax = 10 * SECOND;

interface View {
  readonly lists: ServerLists;
  /** What items are read by. */
  readonly read: ListedServers;
  /** What they are written by as well. */
  readonly other: ListedServers | undefined;
  /** Not listed any more, and not known to be empty. */
  readonly leftover: readonly MemcachedClient[];
}

export class Placement {
  readonly #copies: number;
  /** The client of a server, listed or not. */
  readonly clientOf: (name: string) => MemcachedClient;
  #view: View;
  readonly #ofPoll = new Map<PollKey, readonly MemcachedClient[]>();
  /** How much work is under way that began at each step. */
  readonly #held = new Map<string, number>();

  /**
   * A placement that begins with one list.
   *
   * @param copies - number of servers for each item, limited by the number of servers.
   * @param connect - the client of a server that is not among them.
   */
  constructor(
    servers: readonly MemcachedClient[],
    copies: number,
    queueServers: readonly MemcachedClient[] = servers,
    connect: (name: string) => MemcachedClient = unknownServer,
  ) {
    if (servers.length === 0) throw new RangeError("no memcached server is configured");
    const clients = new Map([...servers, ...queueServers].map(each => [each.name, each]));
    this.clientOf = name => {
      const client = clients.get(name) ?? connect(name);
      clients.set(name, client);
      return client;
    };
    this.#copies = copies;
    const names = (list: readonly MemcachedClient[]) => list.map(({ name }) => name);
    const newest: ServerList = {
      version: 0,
      rule: "rendezvous",
      memcached: names(servers),
      queues: names(queueServers),
    };
    this.#view = this.#viewOf({ newest, step: "settled", old: undefined }, []);
  }

  #viewOf(lists: ServerLists, leftover: readonly string[]): View {
    const listed = (list: ServerList) => new ListedServers(list, this.#copies, this.clientOf);
    const other = otherList(lists);
    return {
      lists,
      read: listed(readList(lists)),
      other: other && listed(other),
      leftover: leftover.map(this.clientOf),
    };
  }

  /**
   * Takes a step of a change, or another list.
   *
   * @param leftover - names of servers that are not listed and may still have queues; for workers.
   */
  use(lists: ServerLists, leftover: readonly string[] = []): void {
    this.#view = this.#viewOf(lists, leftover);
    this.#ofPoll.clear();
  }

  /** The lists in use. Version 0: the settings of this process. */
  get lists(): ServerLists {
    return this.#view.lists;
  }

  /**
   * The step that this process has taken: the last one, unless work is under way that began at an earlier one and may
   * still act on it.
   */
  get taken(): string {
    for (const [position, count] of this.#held) if (count > 0) return position;
    return positionOf(this.lists);
  }

  /** Does work that may keep what it has learned here until it ends. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    const position = positionOf(this.lists);
    this.#held.set(position, (this.#held.get(position) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const left = (this.#held.get(position) ?? 1) - 1;
      if (left > 0) this.#held.set(position, left);
      else this.#held.delete(position);
    }
  }

  /** All servers of tallies, marks and published polls. */
  get servers(): readonly MemcachedClient[] {
    const { read, other } = this.#view;
    return union(read.servers, other?.servers);
  }

  /** All servers that may have queues, in the order of the locks. */
  get queueServers(): readonly MemcachedClient[] {
    const { read, other, leftover } = this.#view;
    if (!other && leftover.length === 0) return read.queues;
    return [...union(union(read.queues, other?.queues), leftover)].sort(byName);
  }

  /** Queue servers that are not in the newest list: their queues only have to be emptied. */
  get leaving(): readonly MemcachedClient[] {
    const staying = new Set(this.#view.lists.newest.queues);
    return this.queueServers.filter(({ name }) => !staying.has(name));
  }

  /** True for a server that nothing waits for: it has left, or it leaves and has been away for long. */
  isGone(server: MemcachedClient): boolean {
    const isOver = this.lists.step === "settled" || server.awayMs > leavingAwayMsMax;
    return isOver && this.leaving.includes(server);
  }

  /** The servers that items are read from. */
  get readServers(): readonly MemcachedClient[] {
    return this.#view.read.servers;
  }

  /** The queue servers that new batches go to, in the order of the locks. */
  get enqueueServers(): readonly MemcachedClient[] {
    return this.#view.read.queues;
  }

  /** Each server once, whatever it holds. */
  get all(): readonly MemcachedClient[] {
    return union(this.servers, this.queueServers);
  }

  /** The servers of a poll's tallies and counts, the preferred one first. */
  of(poll: PollKey): readonly MemcachedClient[] {
    const known = this.#ofPoll.get(poll);
    if (known) return known;
    const { read, other } = this.#view;
    const servers = union(read.ofPoll(poll), other?.ofPoll(poll));
    if (this.#ofPoll.size >= rememberedMax) this.#ofPoll.clear();
    this.#ofPoll.set(poll, servers);
    return servers;
  }

  /** The same, without those that are away. */
  up(poll: PollKey): readonly MemcachedClient[] {
    return serversUp(this.of(poll));
  }

  /** The servers of a published poll. */
  ofSlug(slug: Slug): readonly MemcachedClient[] {
    const { read, other } = this.#view;
    return union(read.ofSlug(slug), other?.ofSlug(slug));
  }

  /** The servers of the list of polls, and of the number of publications. */
  ofLists(): readonly MemcachedClient[] {
    const { read, other } = this.#view;
    return union(read.ofLists(), other?.ofLists());
  }

  /**
   * The servers of a voter's marks: one, or two while a change is under way. The old list's is first at every step, so that
   * all processes make marks in the same order.
   */
  ofVoter(voter: VoterKey): readonly [MemcachedClient, ...MemcachedClient[]] {
    const { read, other, lists } = this.#view;
    const isSwitching = lists.step === "switching" && other !== undefined;
    const first = (isSwitching ? other : read).ofVoter(voter);
    const second = (isSwitching ? read : other)?.ofVoter(voter);
    return second && second !== first ? [first, second] : [first];
  }

  /** The server of a count of attempts to sign in. */
  ofDigest(digest: string): MemcachedClient {
    return this.#view.read.ofDigest(digest);
  }
}

const byName = (a: MemcachedClient, b: MemcachedClient) => (a.name < b.name ? -1 : 1);

function unknownServer(name: string): never {
  throw new RangeError(`no client for the memcached server ${name}`);
}

function union(
  first: readonly MemcachedClient[],
  second: readonly MemcachedClient[] | undefined,
): readonly MemcachedClient[] {
  return second ? [...new Set([...first, ...second])] : first;
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
