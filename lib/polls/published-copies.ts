/**
 * The copies of published polls in memcached, placed by a fixed rule. A server that was away may hold an old copy, so
 * all copies are read and the newest is used.
 *
 * A copy is *confirmed* when it was read from MySQL, or written with a change of MySQL. While MySQL can't be asked, a
 * front puts the copy that it remembers back into a server that lost its memory. Such a copy expires after
 * `putBackSeconds`, so that the poll is looked up again.
 *
 * Invariant: a copy that was put back never replaces a confirmed one, nor one of a higher version. A confirmed copy
 *   replaces every one that was put back.
 */
import { wallMs } from "../base/clock.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { orWhenMemcachedFails } from "../memcached/failure.ts";
import {
  earlierListedKey,
  type Key,
  listedKey,
  publicationsKey,
  publishedKey,
} from "../memcached/keys.ts";
import { counterValue, Pipeline, type Versioned } from "../memcached/pipeline.ts";
import { type Placement, serversUp } from "../memcached/placement.ts";
import type { Slug } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import { keyOfId } from "../model/poll-key.ts";

const absent = "-";
const absentSeconds = 60;
const putBackSeconds = 10;

const textOf = (poll: Poll | null) => (poll ? JSON.stringify(poll) : absent);
const secondsOf = (poll: Poll | null) => (poll ? 0 : absentSeconds);

/** The list of polls in JSON. */
export interface ListTexts {
  readonly text: string;
  /** What release 0.2.0 reads under another key. It writes unlisted polls there, so no later release reads it. */
  readonly forEarlier: string;
}

/** One copy, as it was read. */
export interface PollCopy {
  /** `null`: the note that there is no such poll. */
  readonly poll: Poll | null;
  /** Not confirmed by MySQL. */
  readonly putBack: boolean;
}

export class PublishedCopies {
  readonly #placement: Placement;
  /** Each server's counter of publications, as it was last read. */
  readonly #counters = new Map<MemcachedClient, bigint | null>();

  constructor(placement: Placement) {
    this.#placement = placement;
  }

  /**
   * The newest copy of a poll; `undefined` when memcached does not know the slug.
   *
   * @throws MemcachedFailure when no server can be asked.
   */
  async read(slug: Slug): Promise<PollCopy | undefined> {
    const found = await this.#readAll(this.#placement.ofSlug(slug), publishedKey(slug));
    return found.map(parse).reduce<PollCopy | undefined>(newer, undefined);
  }

  /** The list of listed polls as it was written last, or `undefined`. Throws what `read` throws. */
  async readList(): Promise<string | undefined> {
    return (await this.#readAll(this.#placement.ofLists(), listedKey))[0]?.toString();
  }

  /**
   * Writes a poll, or the note that there is none; replaces the copy that is there.
   *
   * @throws MemcachedFailure when a server could not be written; the others were.
   */
  async write(slug: Slug, poll: Poll | null): Promise<void> {
    await onAll(this.#placement.ofSlug(slug), server => this.writeOn(server, slug, poll));
  }

  /** The same on one server, whether or not it is one of the poll's. @throws MemcachedFailure. */
  async writeOn(server: MemcachedClient, slug: Slug, poll: Poll | null): Promise<void> {
    await put(server, publishedKey(slug), textOf(poll), secondsOf(poll));
  }

  /** Same as `write`, but keeps a confirmed copy that is there: it comes from an editor's save and is newer. */
  async add(slug: Slug, poll: Poll | null): Promise<void> {
    const copy = { text: textOf(poll), seconds: secondsOf(poll) };
    await onAll(this.#placement.ofSlug(slug), server =>
      addOver(server, publishedKey(slug), copy, there => there.putBack),
    );
  }

  /** Puts the copy that a front remembers back, where there is none, or one that was put back with a lower version. */
  async putBack(poll: Poll): Promise<void> {
    const copy = { text: JSON.stringify({ ...poll, putBack: true }), seconds: putBackSeconds };
    const isOlder = (there: PollCopy) =>
      there.putBack && (there.poll === null || isNewer(poll, there.poll));
    await onAll(serversUp(this.#placement.ofSlug(poll.slug)), server =>
      addOver(server, publishedKey(poll.slug), copy, isOlder),
    );
  }

  /** True when a server that can be reached has another list than this, or none. Throws what `read` throws. */
  async isListBehind({ text, forEarlier }: ListTexts): Promise<boolean> {
    const servers = this.#placement.ofLists();
    const up = serversUp(servers).length;
    const differs = async (key: Key, wanted: string) => {
      const found = await this.#readAll(servers, key);
      return found.length < up || found.some(bytes => bytes.toString() !== wanted);
    };
    return (await differs(listedKey, text)) || differs(earlierListedKey, forEarlier);
  }

  /** Writes the list of listed polls unless there is one. `putBack`: it is a front's memory, and expires. */
  async addList(text: string, { putBack }: { readonly putBack: boolean }): Promise<void> {
    await onAll(serversUp(this.#placement.ofLists()), async server => {
      const pipeline = new Pipeline();
      pipeline.add(listedKey, text, putBack ? putBackSeconds : 0);
      await server.send(pipeline);
    });
  }

  /** Throws what `write` throws. */
  async writeList(texts: ListTexts): Promise<void> {
    await onAll(this.#placement.ofLists(), server => putList(server, texts));
  }

  /** The same on one server, if it is one of the list's. @throws MemcachedFailure. */
  async writeListOn(server: MemcachedClient, texts: ListTexts): Promise<void> {
    if (this.#placement.ofLists().includes(server)) await putList(server, texts);
  }

  /**
   * True when a reachable server has a copy of the poll that is older or not confirmed, or none; or one that an older
   * release wrote, without all of the poll.
   */
  async isBehind(poll: Poll): Promise<boolean> {
    const servers = this.#placement.ofSlug(poll.slug);
    const found = await this.#readAll(servers, publishedKey(poll.slug));
    const up = serversUp(servers).length;
    const isOld = ({ putBack, poll: there }: PollCopy) =>
      putBack ||
      there?.key !== poll.key ||
      there.secretDigest !== poll.secretDigest ||
      there.listed !== poll.listed ||
      there.version < poll.version;
    return found.length < up || found.map(parse).some(isOld);
  }

  /**
   * Counts one more publication. Called after the copies are written, never before.
   *
   * @throws MemcachedFailure when a server could not be written; the others were.
   */
  async announce(): Promise<void> {
    await onAll(this.#placement.ofLists(), async server => {
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
    const up = serversUp(this.#placement.ofLists());
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

/**
 * A copy that release 0.2.0 wrote has no poll key: it knew only polls whose number stands for it. It does not say
 * either whether the poll is listed: then it is, until the worker has published it anew.
 */
type Written = Omit<Poll, "key" | "listed"> &
  Partial<Pick<Poll, "key" | "listed">> & { readonly putBack?: boolean };

function parse(bytes: Buffer): PollCopy {
  const text = bytes.toString();
  if (text === absent) return { poll: null, putBack: false };
  const { putBack = false, ...poll } = JSON.parse(text) as Written;
  return { poll: { key: keyOfId(poll.id), listed: true, ...poll }, putBack };
}

/** The note "no such poll" lasts a minute, and wins over copies that have not been deleted yet. */
function newer(a: PollCopy | undefined, b: PollCopy): PollCopy {
  if (a === undefined || b.poll === null) return b;
  return a.poll === null || !isNewer(b.poll, a.poll) ? a : b;
}

/** A server that was away may have the poll that had this slug before: numbers rise, and versions begin at 1 again. */
function isNewer(a: Poll, b: Poll): boolean {
  return a.id === b.id ? a.version > b.version : a.id > b.id;
}

/** Stores a copy where there is none, or over one that `replaces` names. */
async function addOver(
  server: MemcachedClient,
  key: Key,
  { text, seconds }: { readonly text: string; readonly seconds: number },
  replaces: (there: PollCopy) => boolean,
): Promise<void> {
  const first = new Pipeline();
  const added = first.add(key, text, seconds);
  const found = first.getVersioned(key);
  const replies = await server.send(first);
  if (replies.of(added) !== "exists") return;
  const there: Versioned | null = replies.of(found);
  if (!there || !replaces(parse(there.value))) return;
  const second = new Pipeline();
  second.replace(key, text, seconds, there);
  await server.send(second);
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

async function putList(server: MemcachedClient, { text, forEarlier }: ListTexts): Promise<void> {
  await put(server, listedKey, text, 0);
  await put(server, earlierListedKey, forEarlier, 0);
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
