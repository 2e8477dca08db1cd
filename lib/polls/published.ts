/**
 * Published polls: what a front needs to know of a poll, without asking MySQL.
 *
 * An editor's save writes the poll to memcached; each front keeps what it read for about a second. So a
 * vote reads nothing but its own process's memory, mostly. A slug that memcached does not know is looked
 * up in MySQL, once for everybody who asks at that moment, and the answer is remembered in memcached,
 * "no such poll" too; a limit on such look-ups keeps invented slugs from reaching MySQL in numbers.
 *
 * A counter numbers the publications. Whoever must not act on a second-old copy (a round that is about to
 * accept ballots) reads that counter, and everything this process remembers is old when it has moved. What was
 * decided by a copy from before, and is not through yet, is known by `publication`.
 *
 * **On failure:** with memcached away, polls are read from MySQL, within the same limit and behind a circuit
 * breaker; when MySQL can't say either, what this process knew goes on being used.
 */
import { LRUCache } from "lru-cache";
import { DAY, monotonicMs, SECOND } from "../base/clock.ts";
import { FloodgateError, isFloodgateError } from "../base/errors.ts";
import { describeError, type Log } from "../base/log.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import { isMemcachedFailure } from "../memcached/failure.ts";
import type { Placement } from "../memcached/placement.ts";
import type { Slug } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import type { Store } from "../store/database.ts";
import { isStoreFailure } from "../store/database.ts";
import { findPoll, listedPolls } from "../store/polls.ts";
import type { StoreBreaker } from "../store/store-breaker.ts";
import { PublishedCopies } from "./published-copies.ts";

/** One line of the list of polls. */
export type ListedPoll = Pick<
  Poll,
  "slug" | "question" | "opensAtMs" | "closesAtMs" | "finalizedAtMs"
>;

interface Remembered {
  readonly poll: Poll | null;
  readonly readAtMs: number;
  /** The publication that this is known to be as new as. */
  readonly publication: number;
}

const freshMs = SECOND;
const rememberedMax = 10_000;
/** Enough after a loss of memory, too little to hurt MySQL. */
const lookupsPerSecondMax = 50;
const listedMax = 200;
const listedAfterClosingMs = 7 * DAY;

export class PublishedPolls {
  readonly #copies: PublishedCopies;
  readonly #store: Store;
  readonly #log: Log;
  readonly #breaker: StoreBreaker | undefined;
  readonly #remembered = new LRUCache<Slug, Remembered>({ max: rememberedMax });
  readonly #reading = new Map<Slug, Promise<Poll | null>>();
  readonly #lookups = new TokenBucket(lookupsPerSecondMax);
  /** Rises when something was published, as far as this process was told. */
  #publication = 0;
  #confirming: Promise<void> | undefined;
  #listed: { readonly polls: readonly ListedPoll[]; readonly readAtMs: number } | undefined;

  /** @param breaker - of a front: MySQL is asked through it while memcached is away. */
  constructor(
    placement: Placement,
    store: Store,
    log: Log,
    breaker: StoreBreaker | undefined = undefined,
  ) {
    this.#copies = new PublishedCopies(placement);
    this.#store = store;
    this.#log = log;
    this.#breaker = breaker;
  }

  /** The poll, if this process read it less than a second ago. No I/O: the way of nearly every vote. */
  remembered(slug: Slug): Poll | null | undefined {
    const known = this.#remembered.get(slug);
    if (!known || known.publication !== this.#publication) return undefined;
    return monotonicMs() - known.readAtMs < freshMs ? known.poll : undefined;
  }

  /**
   * The newest publication that this process has heard of. A poll that was found at another one than this may
   * have been changed since.
   */
  get publication(): number {
    return this.#publication;
  }

  /**
   * Asks, now, whether anything was published; if so, `publication` rises, and everything remembered is old.
   * One small memcached read. With memcached away nothing can be known to have changed.
   */
  async confirm(): Promise<void> {
    if (!(await this.#copies.moved())) return;
    this.#publication += 1;
    // Reads under way may bring what was there before: nobody new shall wait for those.
    this.#reading.clear();
  }

  /**
   * The poll as of now, or `null`. **Cost:** one memcached read, shared by those who ask at the same time; two
   * when something was published.
   */
  async findCurrent(slug: Slug): Promise<Poll | null> {
    this.#confirming ??= this.confirm().finally(() => {
      this.#confirming = undefined;
    });
    await this.#confirming;
    return this.find(slug);
  }

  /**
   * The poll, or `null` when there is none of that slug. **Cost:** nothing, or one memcached read a
   * second for each poll, or (unknown to memcached) one look-up in MySQL.
   *
   * @throws FloodgateError `overloaded` when too many unknown slugs are asked for; StoreFailure when
   *   neither memcached nor MySQL can say.
   */
  find(slug: Slug): Promise<Poll | null> {
    const known = this.remembered(slug);
    if (known !== undefined) return Promise.resolve(known);
    const reading = this.#reading.get(slug);
    if (reading !== undefined) return reading;
    const started = this.#read(slug).finally(() => {
      if (this.#reading.get(slug) === started) this.#reading.delete(slug);
    });
    this.#reading.set(slug, started);
    return started;
  }

  /**
   * Writes a poll to memcached, over what is there, on all its servers. Called after every change in MySQL.
   *
   * @throws MemcachedFailure when one of them could not be written; the others were.
   */
  async publish(poll: Poll): Promise<void> {
    await this.#write(poll.slug, poll);
  }

  /** Takes a slug back: the poll was deleted, or has another slug now. */
  async withdraw(slug: Slug): Promise<void> {
    await this.#write(slug, null);
  }

  /** Those servers that can be reached are told, whatever becomes of the others. */
  async #write(slug: Slug, poll: Poll | null): Promise<void> {
    const written = await Promise.allSettled([this.#copies.write(slug, poll)]);
    const announced = await Promise.allSettled([this.#copies.announce()]);
    this.#remember(slug, poll);
    const failed = [...written, ...announced].find(result => result.status === "rejected");
    if (failed) throw failed.reason;
  }

  /** True when a server that can be reached has an older copy of the poll than this, or none. */
  isBehind(poll: Poll): Promise<boolean> {
    return this.#copies.isBehind(poll);
  }

  /** Makes the list of listed polls again, from MySQL. */
  async publishList(nowMs: number): Promise<void> {
    const polls = await listedPolls(this.#store, nowMs - listedAfterClosingMs, listedMax);
    const listed = polls.map(({ slug, question, opensAtMs, closesAtMs, finalizedAtMs }) => ({
      slug,
      question,
      opensAtMs,
      closesAtMs,
      finalizedAtMs,
    }));
    this.#listed = { polls: listed, readAtMs: monotonicMs() };
    await this.#copies.writeList(JSON.stringify(listed));
  }

  /** The polls of the front page. **Cost:** at most one memcached read a second. */
  async listed(nowMs: number): Promise<readonly ListedPoll[]> {
    if (this.#listed && monotonicMs() - this.#listed.readAtMs < freshMs) return this.#listed.polls;
    try {
      const text = await this.#copies.readList();
      if (text) this.#listed = { polls: JSON.parse(text), readAtMs: monotonicMs() };
      else await this.publishList(nowMs);
    } catch (error) {
      if (!isMemcachedFailure(error) && !isStoreFailure(error)) throw error;
      if (!this.#listed) throw error;
    }
    return this.#listed?.polls ?? [];
  }

  async #read(slug: Slug): Promise<Poll | null> {
    // As of before the read: what is published meanwhile makes it old at once.
    const publication = this.#publication;
    const keep = (poll: Poll | null) => this.#remember(slug, poll, publication);
    const stale = this.#remembered.get(slug);
    try {
      const poll = await this.#copies.read(slug);
      if (poll !== undefined) return keep(poll);
    } catch (error) {
      if (!isMemcachedFailure(error)) throw error;
      if (stale) return keep((await this.#asStored(slug)) ?? stale.poll);
    }
    try {
      return keep(await this.#lookUp(slug));
    } catch (error) {
      // Memcached has forgotten it and MySQL can't be asked: what was known a moment ago will do.
      if (stale && isStoreFailure(error)) return keep(stale.poll);
      if (stale && isFloodgateError(error, "overloaded")) return stale.poll;
      throw error;
    }
  }

  /** While memcached is away: a poll as MySQL has it, if MySQL can be asked at all. */
  async #asStored(slug: Slug): Promise<Poll | undefined> {
    if (!this.#breaker || !this.#lookups.tryTake()) return undefined;
    try {
      return await this.#breaker.use(store => findPoll(store, slug));
    } catch (error) {
      if (!isStoreFailure(error)) throw error;
      return undefined;
    }
  }

  async #lookUp(slug: Slug): Promise<Poll | null> {
    if (!this.#lookups.tryTake()) throw new FloodgateError("overloaded");
    const poll = (await findPoll(this.#store, slug)) ?? null;
    await this.#copies
      .add(slug, poll)
      .catch(error => this.#log.debug({ event: "not_published", slug, ...describeError(error) }));
    return poll;
  }

  #remember(slug: Slug, poll: Poll | null, publication: number = this.#publication): Poll | null {
    this.#remembered.set(slug, { poll, readAtMs: monotonicMs(), publication });
    return poll;
  }
}
