/**
 * The copies of published polls in memcached: on as many servers as there are to be copies, by a fixed rule.
 * A server that was away may say what was true then; so all copies are read, and the newest counts.
 */
import { wallMs } from "../base/clock.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { isMemcachedFailure } from "../memcached/failure.ts";
import { type Key, listedKey, publicationsKey, publishedKey } from "../memcached/keys.ts";
import { counterValue, Pipeline } from "../memcached/pipeline.ts";
import type { Placement } from "../memcached/placement.ts";
import type { Slug } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";

const absent = "-";
const absentSeconds = 60;

export class PublishedCopies {
  readonly #placement: Placement;
  /** What each server's counter of publications said last. */
  readonly #counters = new Map<MemcachedClient, bigint | null>();

  constructor(placement: Placement) {
    this.#placement = placement;
  }

  /**
   * The newest copy of a poll; `null`: there is no such poll; `undefined`: memcached does not know.
   *
   * @throws MemcachedFailure when no server can be asked.
   */
  async read(slug: Slug): Promise<Poll | null | undefined> {
    const found = await this.#readAll(this.#of(slug), publishedKey(slug));
    const polls = found.map(bytes => bytes.toString()).map(parse);
    return polls.reduce<Poll | null | undefined>(newer, undefined);
  }

  /** The list of listed polls as it was written last, or `undefined`. Throws what `read` throws. */
  async readList(): Promise<string | undefined> {
    return (await this.#readAll(this.#placement.of(0), listedKey))[0]?.toString();
  }

  /**
   * Writes a poll, or that there is none, over what is there.
   *
   * @throws MemcachedFailure when a server could not be written; the others were.
   */
  async write(slug: Slug, poll: Poll | null): Promise<void> {
    const text = poll ? JSON.stringify(poll) : absent;
    const seconds = poll ? 0 : absentSeconds;
    await onAll(this.#of(slug), server => put(server, publishedKey(slug), text, seconds));
  }

  /** Same, but what is there stays: an editor's save that came meanwhile is newer. */
  async add(slug: Slug, poll: Poll | null): Promise<void> {
    await onAll(this.#of(slug), async server => {
      const p = new Pipeline();
      p.add(publishedKey(slug), poll ? JSON.stringify(poll) : absent, poll ? 0 : absentSeconds);
      await server.send(p);
    });
  }

  /** Throws what `write` throws. */
  async writeList(text: string): Promise<void> {
    await onAll(this.#placement.of(0), server => put(server, listedKey, text, 0));
  }

  /** True when a reachable server has a copy of the poll that is older, or none. */
  async isBehind(poll: Poll): Promise<boolean> {
    const servers = this.#of(poll.slug);
    const found = await this.#readAll(servers, publishedKey(poll.slug));
    const current = found.map(bytes => parse(bytes.toString()));
    const up = servers.filter(({ available }) => available).length;
    return found.length < up || current.some(copy => (copy?.version ?? 0) < poll.version);
  }

  /**
   * Counts one more publication. Called when it can be read, never before.
   *
   * @throws MemcachedFailure when a server could not be written; the others were.
   */
  async announce(): Promise<void> {
    await onAll(this.#placement.of(0), async server => {
      const p = new Pipeline();
      const counted = p.incr(publicationsKey, 1);
      const value = (await server.send(p)).of(counted);
      if (typeof value === "bigint") return;
      // Gone with the server's memory: begin above every earlier value.
      const q = new Pipeline();
      q.add(publicationsKey, String(wallMs() * 16), 0);
      await server.send(q);
    });
  }

  /** True when something was published since this was asked last, as far as a server can say. */
  async moved(): Promise<boolean> {
    const moves = await Promise.all(
      this.#placement.of(0).map(async server => {
        if (!server.available) return false;
        const p = new Pipeline();
        const op = p.get(publicationsKey);
        try {
          const value = counterValue((await server.read(p)).of(op));
          if (this.#counters.get(server) === value) return false;
          this.#counters.set(server, value);
          return true;
        } catch (error) {
          if (!isMemcachedFailure(error)) throw error;
          return false;
        }
      }),
    );
    return moves.includes(true);
  }

  #of(slug: Slug): readonly MemcachedClient[] {
    let hash = 7;
    for (const char of slug) hash = (hash * 31 + char.charCodeAt(0)) >>> 0;
    return this.#placement.of(hash);
  }

  /** What the servers have that can be asked. */
  async #readAll(servers: readonly MemcachedClient[], key: Key): Promise<Buffer[]> {
    const up = servers.filter(({ available }) => available);
    let failure: unknown;
    const found = await Promise.all(
      (up.length > 0 ? up : servers).map(async server => {
        const p = new Pipeline();
        const op = p.get(key);
        try {
          return (await server.read(p)).of(op);
        } catch (error) {
          if (!isMemcachedFailure(error)) throw error;
          failure = error;
          return undefined;
        }
      }),
    );
    if (found.every(value => value === undefined)) throw failure;
    return found.flatMap(value => value ?? []);
  }
}

function parse(text: string): Poll | null {
  return text === absent ? null : (JSON.parse(text) as Poll);
}

/** That there is no such poll is said for a minute after it was taken away, and wins for as long. */
function newer(a: Poll | null | undefined, b: Poll | null): Poll | null {
  if (a === undefined || b === null) return b;
  return a === null || a.version >= b.version ? a : b;
}

/** Where there is no room, the old copy goes: one that is missing is looked up in MySQL, an old one is believed. */
async function put(server: MemcachedClient, key: Key, text: string, seconds: number) {
  const p = new Pipeline();
  const op = p.overwrite(key, text, seconds);
  if ((await server.send(p)).of(op) === "stored") return;
  const q = new Pipeline();
  q.delete(key);
  await server.send(q);
}

/** Does the same on all, then throws the first failure, if there was one. */
async function onAll(
  servers: readonly MemcachedClient[],
  work: (server: MemcachedClient) => Promise<void>,
): Promise<void> {
  const results = await Promise.allSettled(servers.map(work));
  const failed = results.find(result => result.status === "rejected");
  if (failed) throw failed.reason;
}
