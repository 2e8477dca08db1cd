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
 * **On failure:** a remembered copy is used at once while nobody can confirm it, and confirmed beside. A caller waits
 * for MySQL for `headStartMs` at most, and not at all while the circuit breaker is open or another look-up is overdue.
 * Meanwhile the copy goes back into a memcached that is empty (`published-copies.ts`). An unknown poll has to wait, for
 * one deadline of MySQL at most.
 *
 * **How old a remembered copy may be:** as old as the time since neither memcached nor MySQL could say anything newer,
 * and at most ten seconds more once MySQL answers again. Its own opening and closing times hold meanwhile. An edit that
 * this process has not read before both were away can't be known: a poll that an editor closed early then stays open
 * here until one of them is back.
 */
import { LRUCache } from "lru-cache";
import { monotonicMs, SECOND } from "../base/clock.ts";
import { FloodgateError } from "../base/errors.ts";
import { describeError, type Log } from "../base/log.ts";
import { OverdueReads } from "../base/overdue-reads.ts";
import { SingleFlight } from "../base/single-flight.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import { orWhenMemcachedFails } from "../memcached/failure.ts";
import type { Placement } from "../memcached/placement.ts";
import type { Slug } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import type { Store } from "../store/database.ts";
import { findPoll } from "../store/polls.ts";
import type { StoreBreaker } from "../store/store-breaker.ts";
import { orUndefinedWhenRefused } from "./or-when-refused.ts";
import { type PollCopy, PublishedCopies } from "./published-copies.ts";
import { type ListedPoll, PublishedList } from "./published-list.ts";

interface Remembered {
  readonly poll: Poll | null;
  readonly readAtMs: number;
  /** The newest publication that this copy includes. */
  readonly publication: number;
}

const freshMs = SECOND;
/** How long MySQL may take to answer, when a remembered copy would do. */
const headStartMs = 200;
const rememberedMax = 10_000;
/** Enough to refill memcached after a loss of memory, and a small load for MySQL. */
const lookupsPerSecondMax = 50;

export class PublishedPolls {
  readonly #copies: PublishedCopies;
  readonly #list: PublishedList;
  readonly #store: Store;
  readonly #log: Log;
  readonly #breaker: StoreBreaker | undefined;
  readonly #remembered = new LRUCache<Slug, Remembered>({ max: rememberedMax });
  readonly #reads = new SingleFlight<Slug, Poll | null>();
  readonly #confirmations = new SingleFlight<"all", void>();
  readonly #lookUps = new OverdueReads<Slug, Poll | null>();
  readonly #lookUpRate = new TokenBucket(lookupsPerSecondMax);
  /** Rises when this process learns of a publication. */
  #publication = 0;

  /** @param breaker - of a front: MySQL is asked through it about what memcached does not know. */
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
    this.#list = new PublishedList({
      copies: this.#copies,
      store,
      askMysql: read => this.#askMysql(read),
      patienceMs: () => this.#patienceMs,
      beside: write => this.#beside("list", write),
    });
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
    this.#lookUps.forget();
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

  /** Reads the list of polls from MySQL and writes it to memcached. Throws what `publish` throws, and StoreFailure. */
  publishList(nowMs: number): Promise<void> {
    return this.#list.publish(nowMs);
  }

  /** Publishes the list if memcached has another one than MySQL. One query; throws what `publishList` throws. */
  async correctList(nowMs: number): Promise<void> {
    if (await this.#list.isBehind(nowMs)) await this.publishList(nowMs);
  }

  /** Readers' list of polls. **Cost:** at most one memcached read a second, shared by concurrent callers. */
  listed(nowMs: number): Promise<readonly ListedPoll[]> {
    return this.#list.read(nowMs);
  }

  async #read(slug: Slug): Promise<Poll | null> {
    // Taken before the read, so that a publication during the read makes this copy stale.
    const publication = this.#publication;
    const known = this.#remembered.get(slug);
    const copy = await orWhenMemcachedFails(this.#copies.read(slug), () => undefined);
    if (copy && !isOutdone(copy, known?.poll)) {
      return this.#remember(slug, copy.poll, publication);
    }
    const lookUp = () => this.#lookUp(slug, publication);
    if (!known) return this.#lookUps.run(slug, lookUp);
    const found = await orUndefinedWhenRefused(this.#lookUps.soon(slug, lookUp, this.#patienceMs));
    if (found !== undefined) return found;
    if (known.poll) this.#beside(slug, this.#copies.putBack(known.poll));
    return this.#remember(slug, known.poll, publication);
  }

  /** How long a caller that has a remembered copy waits for MySQL. */
  get #patienceMs(): number {
    const isAway = this.#breaker?.available === false;
    const isSilent = this.#lookUps.anyOverdue || this.#list.isOverdue;
    return isAway || isSilent ? 0 : headStartMs;
  }

  async #lookUp(slug: Slug, publication: number): Promise<Poll | null> {
    if (!this.#lookUpRate.tryTake()) throw new FloodgateError("overloaded");
    const poll = (await this.#askMysql(store => findPoll(store, slug))) ?? null;
    // A caller that did not wait may have read a later publication meanwhile.
    if ((this.#remembered.get(slug)?.publication ?? publication) <= publication) {
      this.#remember(slug, poll, publication);
    }
    this.#beside(slug, this.#copies.add(slug, poll));
    return poll;
  }

  #askMysql<T>(read: (store: Store) => Promise<T>): Promise<T> {
    return this.#breaker ? this.#breaker.use(read) : read(this.#store);
  }

  /** Nobody waits for a write to memcached that only saves later look-ups. */
  #beside(what: string, write: Promise<void>): void {
    write.catch(error =>
      this.#log.debug({ event: "not_published", slug: what, ...describeError(error) }),
    );
  }

  #remember(slug: Slug, poll: Poll | null, publication: number = this.#publication): Poll | null {
    this.#remembered.set(slug, { poll, readAtMs: monotonicMs(), publication });
    return poll;
  }
}

/** True when another front put an older version back than the one that this process remembers. */
function isOutdone({ poll, putBack }: PollCopy, known: Poll | null | undefined): boolean {
  return putBack && known?.key === poll?.key && (known?.version ?? 0) > (poll?.version ?? 0);
}
