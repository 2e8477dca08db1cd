/**
 * The copies of published polls in memcached, placed by a fixed rule. A server that was away may hold an old copy, so
 * all copies are read and the newest is used.
 */
import { wallMs } from "../base/clock.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { orWhenMemcachedFails } from "../memcached/failure.ts";
import { type Key, listedKey, publicationsKey, publishedKey } from "../memcached/keys.ts";
import { counterValue, Pipeline } from "../memcached/pipeline.ts";
import { type Placement, serversUp } from "../memcached/placement.ts";
import type { Slug } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";

const absent = "-";
const absentSeconds = 60;

export class PublishedCopies {
  readonly #placement: Placement;
  /** Each server's counter of publications, as it was last read. */
  readonly #counters = new Map<MemcachedClient, bigint | null>();

  constructor(placement: Placement) {
    this.#placement = placement;
  }

  /**
   * The newest copy of a poll; `null` when there is no such poll, `undefined` when memcached does not know.
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
   * Writes a poll, or the note that there is none; replaces the copy that is there.
   *
   * @throws MemcachedFailure when a server could not be written; the others were.
   */
  async write(slug: Slug, poll: Poll | null): Promise<void> {
    const text = poll ? JSON.stringify(poll) : absent;
    const seconds = poll ? 0 : absentSeconds;
    await onAll(this.#of(slug), server => put(server, publishedKey(slug), text, seconds));
  }

  /** Same, but keeps a copy that is there: it comes from an editor's save and is newer. */
  async add(slug: Slug, poll: Poll | null): Promise<void> {
    await onAll(this.#of(slug), async server => {
      const pipeline = new Pipeline();
      pipeline.add(
        publishedKey(slug),
        poll ? JSON.stringify(poll) : absent,
        poll ? 0 : absentSeconds,
      );
      await server.send(pipeline);
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
    const up = serversUp(servers).length;
    return found.length < up || current.some(copy => (copy?.version ?? 0) < poll.version);
  }

  /**
   * Counts one more publication. Called after the copies are written, never before.
   *
   * @throws MemcachedFailure when a server could not be written; the others were.
   */
  async announce(): Promise<void> {
    await onAll(this.#placement.of(0), async server => {
      const pipeline = new Pipeline();
      const increment = pipeline.incr(publicationsKey, 1);
      const value = (await server.send(pipeline)).of(increment);
      if (typeof value === "bigint") return;
      // The server lost its memory: start above every earlier value.
      const second = new Pipeline();
      second.add(publicationsKey, String(wallMs() * 16), 0);
      await server.send(second);
    });
  }

  /** True when a server's counter has moved since the last call. */
  async moved(): Promise<boolean> {
    const up = this.#placement.up(0);
    const moves = await Promise.all(
      up.map(server => orWhenMemcachedFails(this.#movedOn(server), () => false)),
    );
    return moves.includes(true);
  }

  async #movedOn(server: MemcachedClient): Promise<boolean> {
    const value = counterValue(await readValue(server, publicationsKey));
    if (this.#counters.get(server) === value) return false;
    this.#counters.set(server, value);
    return true;
  }

  #of(slug: Slug): readonly MemcachedClient[] {
    let hash = 7;
    for (const char of slug) hash = (hash * 31 + char.charCodeAt(0)) >>> 0;
    return this.#placement.of(hash);
  }

  /** The copies on servers that are up; throws the failure when none could be read. */
  async #readAll(servers: readonly MemcachedClient[], key: Key): Promise<Buffer[]> {
    const up = serversUp(servers);
    let failure: unknown;
    const found = await Promise.all(
      (up.length > 0 ? up : servers).map(server =>
        orWhenMemcachedFails(readValue(server, key), error => {
          failure = error;
          return undefined;
        }),
      ),
    );
    if (found.every(value => value === undefined)) throw failure;
    return found.flatMap(value => value ?? []);
  }
}

function parse(text: string): Poll | null {
  return text === absent ? null : (JSON.parse(text) as Poll);
}

/** The note "no such poll" lasts a minute, and wins over copies that have not been deleted yet. */
function newer(a: Poll | null | undefined, b: Poll | null): Poll | null {
  if (a === undefined || b === null) return b;
  return a === null || a.version >= b.version ? a : b;
}

/** Deletes the old copy when the server has no memory for the new one: a missing copy is looked up in MySQL. */
async function put(server: MemcachedClient, key: Key, text: string, seconds: number) {
  const pipeline = new Pipeline();
  const op = pipeline.overwrite(key, text, seconds);
  if ((await server.send(pipeline)).of(op) === "stored") return;
  const second = new Pipeline();
  second.delete(key);
  await server.send(second);
}

/** Runs `work` on all servers, then throws the first failure. */
async function onAll(
  servers: readonly MemcachedClient[],
  work: (server: MemcachedClient) => Promise<void>,
): Promise<void> {
  const results = await Promise.allSettled(servers.map(work));
  const failed = results.find(result => result.status === "rejected");
  if (failed) throw failed.reason;
}

async function readValue(server: MemcachedClient, key: Key): Promise<Buffer | null> {
  const pipeline = new Pipeline();
  const op = pipeline.get(key);
  return (await server.read(pipeline)).of(op);
}
