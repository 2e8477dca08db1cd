/**
 * Published polls: a front reads polls here, without asking MySQL.
 *
 * An editor's save writes the poll to memcached, and each front remembers what it read for a second. So most votes read
 * only their own process's memory. A slug that memcached does not know is looked up in MySQL, single-flight, and the
 * answer is stored in memcached, including "no such poll". A rate limit on these look-ups protects MySQL from invented
 * slugs.
 *
 * A counter in memcached numbers the publications. A round that is about to accept ballots must not use a copy that is
 * a second old: it reads the counter, and when the counter has moved, everything this process remembers is stale.
 * `publication` distinguishes decisions made with an older copy from those made with the current one.
 *
 * **On failure:** with memcached away, polls are read from MySQL, within the same rate limit and behind a circuit
 * breaker. With MySQL away too, the remembered copy stays in use.
 */
import { LRUCache } from "lru-cache";
import { DAY, monotonicMs, SECOND } from "../base/clock.ts";
import { FloodgateError, isFloodgateError } from "../base/errors.ts";
import { describeError, type Log } from "../base/log.ts";
import { SingleFlight } from "../base/single-flight.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import { isMemcachedFailure } from "../memcached/failure.ts";
import type { Placement } from "../memcached/placement.ts";
import type { Slug } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import type { Store } from "../store/database.ts";
import { isStoreFailure, orWhenMysqlFails } from "../store/failure.ts";
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
  /** The newest publication that this copy includes. */
  readonly publication: number;
}

const freshMs = SECOND;
const rememberedMax = 10_000;
/** Enough to refill memcached after a loss of memory, and a small load for MySQL. */
const lookupsPerSecondMax = 50;
const listedMax = 200;
const listedAfterClosingMs = 7 * DAY;

export class PublishedPolls {
  readonly #copies: PublishedCopies;
  readonly #store: Store;
  readonly #log: Log;
  readonly #breaker: StoreBreaker | undefined;
  readonly #remembered = new LRUCache<Slug, Remembered>({ max: rememberedMax });
  readonly #reads = new SingleFlight<Slug, Poll | null>();
  readonly #confirmations = new SingleFlight<"all", void>();
  readonly #listReads = new SingleFlight<"list", void>();
  readonly #lookups = new TokenBucket(lookupsPerSecondMax);
  /** Rises when this process learns of a publication. */
  #publication = 0;
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

  /** The poll, if this process read it less than a second ago. No I/O. */
  remembered(slug: Slug): Poll | null | undefined {
    const known = this.#remembered.get(slug);
    if (!known || known.publication !== this.#publication) return undefined;
    return monotonicMs() - known.readAtMs < freshMs ? known.poll : undefined;
  }

  /**
   * The newest publication that this process knows of. A poll that was read at an earlier one may have changed
   * since.
   */
  get publication(): number {
    return this.#publication;
  }

  /**
   * Reads the counter of publications; when it has moved, `publication` rises and every remembered copy is stale.
   * Cost: one small memcached read. With memcached away, nothing counts as changed.
   */
  async confirm(): Promise<void> {
    if (!(await this.#copies.moved())) return;
    this.#publication += 1;
    // Reads that started before may return the old copy, so later callers must not share them.
    this.#reads.forget();
  }

  /**
   * The poll as of now, or `null`. **Cost:** one memcached read, shared by concurrent callers; two after a
   * publication.
   */
  async findCurrent(slug: Slug): Promise<Poll | null> {
    await this.#confirmations.run("all", () => this.confirm());
    return this.find(slug);
  }

  /**
   * The poll, or `null` when the slug has none. **Cost:** at most one memcached read a second for each poll; one
   * look-up in MySQL when memcached does not know the slug.
   *
   * @throws FloodgateError `overloaded` above the rate limit of look-ups; StoreFailure when neither memcached nor
   *   MySQL can answer.
   */
  find(slug: Slug): Promise<Poll | null> {
    const known = this.remembered(slug);
    if (known !== undefined) return Promise.resolve(known);
    return this.#reads.run(slug, () => this.#read(slug));
  }

  /**
   * Writes a poll to all its memcached servers. Called after every change in MySQL.
   *
   * @throws MemcachedFailure when a server could not be written; the others were.
   */
  async publish(poll: Poll): Promise<void> {
    await this.#write(poll.slug, poll);
  }

  /** Withdraws a slug: its poll was deleted or renamed. */
  async withdraw(slug: Slug): Promise<void> {
    await this.#write(slug, null);
  }

  /** Announces the write also when a server failed: the others have the new copy. */
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

  /** Reads the listed polls from MySQL and writes the list to memcached. */
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

  /** The polls of the front page. **Cost:** at most one memcached read a second, shared by concurrent callers. */
  async listed(nowMs: number): Promise<readonly ListedPoll[]> {
    if (this.#listed && monotonicMs() - this.#listed.readAtMs < freshMs) return this.#listed.polls;
    try {
      await this.#listReads.run("list", () => this.#readList(nowMs));
    } catch (error) {
      if (!isMemcachedFailure(error) && !isStoreFailure(error)) throw error;
      if (!this.#listed) throw error;
    }
    return this.#listed?.polls ?? [];
  }

  async #readList(nowMs: number): Promise<void> {
    const text = await this.#copies.readList();
    if (text) this.#listed = { polls: JSON.parse(text), readAtMs: monotonicMs() };
    else await this.publishList(nowMs);
  }

  async #read(slug: Slug): Promise<Poll | null> {
    // Taken before the read, so that a publication during the read makes this copy stale.
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
      // Neither memcached nor MySQL can answer: the remembered copy stays in use.
      if (stale && isStoreFailure(error)) return keep(stale.poll);
      if (stale && isFloodgateError(error, "overloaded")) return stale.poll;
      throw error;
    }
  }

  /** While memcached is away: MySQL's copy of the poll, if MySQL can be asked. */
  async #asStored(slug: Slug): Promise<Poll | undefined> {
    if (!this.#breaker || !this.#lookups.tryTake()) return undefined;
    const found = this.#breaker.use(store => findPoll(store, slug));
    return orWhenMysqlFails(found, () => undefined);
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
