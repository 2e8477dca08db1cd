/**
 * Results of polls: tallies, read from memcached at most a few times a second for each poll, shared by all requests,
 * and kept current by the counter values that this process's own votes were answered with.
 *
 * Invariant: no query of MySQL while memcached has the tallies. After a server lost its memory, one process
 *   rebuilds them (`rebuild/rebuild.ts`) while the others wait. While memcached is away, MySQL's totals are read
 *   instead, at most once a second for each poll, behind a circuit breaker.
 * Invariant: a request whose poll has an entry does not wait for a rebuild, or for MySQL: after `patienceMs` it gets
 *   the entry as it is, and the read goes on beside. So results may be older than usual while memcached has lost them
 *   and MySQL does not answer; `asOf` says from when they are.
 * Invariant: a version never goes back within one process, so neither does what a reader sees.
 * Invariant: the results of a final poll are the numbers that were published with it. No tally is read: a counter that
 *   is lost or moved afterwards changes nothing.
 *
 * Entries are kept apart from reads under way, not by `lru-cache`'s `fetch`: a vote updates its poll's entry while a
 * read is under way, which would discard that read.
 */
import { LRUCache } from "lru-cache";
import { inTime, monotonicMs, SECOND, sleep } from "../base/clock.ts";
import { FloodgateError, isFloodgateError } from "../base/errors.ts";
import { describeError } from "../base/log.ts";
import { OverdueReads } from "../base/overdue-reads.ts";
import { isMemcachedFailure, orWhenMemcachedFails } from "../memcached/failure.ts";
import { tallyKey } from "../memcached/keys.ts";
import { Pipeline } from "../memcached/pipeline.ts";
import type { PollKey } from "../model/ids.ts";
import type { FinalTotals, Poll } from "../model/poll.ts";
import type { Results } from "../model/results.ts";
import { partsOf } from "../model/tally-parts.ts";
import type { Requester } from "../model/visibility.ts";
import { rebuildTallies, type TallyDeps } from "../rebuild/rebuild.ts";
import { orWhenMysqlFails } from "../store/failure.ts";
import type { StoreBreaker } from "../store/store-breaker.ts";
import { readTotals } from "../store/totals.ts";
import { currentTally, firstVersion, type PartialTally, type Tally } from "../tallies/counters.ts";
import { type PublishedRunoff, readRunoff } from "./published-runoff.ts";
import { type ShownTally, withAnswers, withRead } from "./shown-tally.ts";
import { hiddenSnapshot, type Snapshot, tallySnapshot } from "./snapshot.ts";

interface Entry extends ShownTally {
  /** Ranked polls: the published runoff. */
  readonly runoff?: PublishedRunoff | null;
  /** Read from MySQL, while memcached was away. */
  readonly stored?: boolean;
  /** When the poll became final whose numbers these are. */
  readonly finalOf?: number | null;
  readonly readAtMs: number;
  readonly asOfMs: number;
  /** The readers' snapshot, encoded on first use from the poll as it was then. */
  made?: { readonly poll: Poll; readonly snapshot: Snapshot };
}

const freshMs = 200;
/** From this age on, an entry is shown and refreshed in the background, so that no request waits. */
const renewMs = 150;
/** Entries from MySQL are kept for longer. */
const storedFreshMs = SECOND;
const pollsMax = 5_000;
/** How long a request waits for a newer entry than the one that is there. */
const patienceMs = 200;
/** How long a request waits for the first entry. */
const firstMsMax = 2 * SECOND;
const rebuildSeconds = 10;
const rebuildWaitMs = 2 * SECOND;

export interface ResultsDeps extends TallyDeps {
  /** For results while memcached is away. */
  readonly breaker: StoreBreaker;
}

export class ResultsBoard {
  readonly #deps: ResultsDeps;
  readonly #entries = new LRUCache<PollKey, Entry>({ max: pollsMax });
  readonly #reads = new OverdueReads<PollKey, Entry>();

  constructor(deps: ResultsDeps) {
    this.#deps = deps;
  }

  /**
   * The results of a poll as `requester` may see them, at most 200 ms old unless a newer read is overdue.
   *
   * @throws FloodgateError `memcached_unavailable` when they can't be read and this process has no entry.
   */
  async read(poll: Poll, requester: Requester): Promise<Results> {
    return (await this.snapshot(poll, requester)).results;
  }

  /**
   * The same, encoded. Throws what `read` throws.
   *
   * @param firstMs - how long to wait for the first entry of this process.
   */
  async snapshot(poll: Poll, requester: Requester, firstMs = firstMsMax): Promise<Snapshot> {
    const fresh = this.fresh(poll, requester);
    if (fresh) return fresh;
    const read = () => this.#read(poll);
    if (!this.#entries.has(poll.key)) {
      const first = inTime(this.#reads.run(poll.key, read), firstMs, tooSlow);
      return snapshotOf(poll, await first, requester);
    }
    const newer = await this.#reads.soon(poll.key, read, patienceMs);
    const known = newer ?? this.#entries.get(poll.key);
    return snapshotOf(poll, known ?? (await this.#refresh(poll)), requester);
  }

  /** The same, if it needs no I/O. An entry that is in use is refreshed in the background before it is too old. */
  fresh(poll: Poll, requester: Requester): Snapshot | undefined {
    const hidden = hiddenSnapshot(poll, requester, this.#deps.clock.nowMs());
    if (hidden) return hidden;
    const known = this.#entries.get(poll.key);
    if (poll.finalTotals && poll.kind !== "ranked") {
      return snapshotOf(poll, this.#final(poll, poll.finalTotals), requester);
    }
    if (!known) return undefined;
    const ageMs = monotonicMs() - known.readAtMs;
    if (ageMs >= (known.stored ? storedFreshMs : freshMs)) return undefined;
    // If this fails, the next request that has to wait for a read gets the error.
    if (!known.stored && ageMs >= renewMs) void this.#refresh(poll).catch(() => {});
    return snapshotOf(poll, known, requester);
  }

  /** Enters the counter values that a vote's own `incr`s returned, so that its reader sees the vote counted. */
  noteMoves(poll: PollKey, partial: PartialTally): void {
    const known = this.#entries.get(poll);
    const shown = known && withAnswers(known, partial);
    if (!shown) return;
    const { made: _, ahead: __, ...rest } = known;
    this.#entries.set(poll, { ...rest, ...shown, asOfMs: this.#deps.clock.nowMs() });
  }

  #refresh(poll: Poll): Promise<Entry> {
    return this.#reads.run(poll.key, () => this.#read(poll));
  }

  async #read(poll: Poll): Promise<Entry> {
    try {
      const runoff = poll.kind === "ranked" ? this.#runoff(poll) : null;
      if (poll.finalTotals) return this.#final(poll, poll.finalTotals, await runoff);
      const read = (await this.#tally(poll)) ?? (await this.#rebuild(poll));
      const newRunoff = await runoff;
      const tally = await this.#lifted(poll, read);
      // Nothing is awaited from here on: votes enter their answers meanwhile.
      const known = this.#entries.get(poll.key);
      const entry = {
        ...(known ? withRead(known, tally) : { tally }),
        runoff: newRunoff,
        readAtMs: monotonicMs(),
        asOfMs: this.#deps.clock.nowMs(),
      };
      return this.#keep(poll, entry);
    } catch (error) {
      if (!isMemcachedFailure(error) && !isFloodgateError(error)) throw error;
      const entry = (await this.#stored(poll)) ?? this.#entries.get(poll.key);
      if (entry) return entry;
      throw new FloodgateError("memcached_unavailable", { cause: error });
    }
  }

  #keep(poll: Poll, entry: Entry): Entry {
    this.#entries.set(poll.key, entry);
    return entry;
  }

  /** The entry of a final poll. Its version is new when the numbers are, and the same in every process otherwise. */
  #final(
    poll: Poll,
    { ballots, votes }: FinalTotals,
    runoff: PublishedRunoff | null = null,
  ): Entry {
    const known = this.#entries.get(poll.key);
    if (known?.finalOf === poll.finalizedAtMs && known.runoff?.of === runoff?.of) return known;
    const firstMs = poll.finalizedAtMs ?? this.#deps.clock.nowMs();
    const version = Math.max((known?.tally.version ?? 0) + 1, firstVersion(firstMs));
    const tally = {
      ballots,
      votes: new Map(votes),
      version,
      stored: ballots,
      from: undefined,
    };
    return this.#keep(poll, {
      tally,
      finalOf: poll.finalizedAtMs,
      runoff,
      readAtMs: monotonicMs(),
      asOfMs: firstMs,
    });
  }

  /** MySQL's totals, while memcached is away; the known entry when that has more ballots, which are in the queue. */
  async #stored(poll: Poll): Promise<Entry | undefined> {
    const read = this.#deps.breaker.use(store => readTotals(store, [poll.id]));
    const found = (await orWhenMysqlFails(read, () => undefined))?.get(poll.id);
    if (!found) return undefined;
    const known = this.#entries.get(poll.key);
    const now = this.#deps.clock.nowMs();
    if (known && (known.tally.ballots > found.ballots || sameVotes(poll, known.tally, found))) {
      return this.#keep(poll, { ...known, stored: true, readAtMs: monotonicMs() });
    }
    const version = Math.max((known?.tally.version ?? 0) + 1, firstVersion(now));
    const tally = { ...found, version, stored: found.ballots, from: undefined };
    return this.#keep(poll, { tally, stored: true, readAtMs: monotonicMs(), asOfMs: now });
  }

  /**
   * Each server counts versions of its own, as did this process while MySQL was read. So the tally of another server
   * than before is lifted above the version that was shown, unless it has fewer ballots: then it is about to be
   * rebuilt. A poll that is not final any more may have fewer.
   */
  async #lifted(poll: Poll, tally: Tally): Promise<Tally> {
    const known = this.#entries.get(poll.key);
    if (!known || known.tally.from === tally.from) return tally;
    if (tally.version > known.tally.version) return tally;
    const server = this.#deps.placement.of(poll.key).find(({ name }) => name === tally.from);
    const hasFewer = tally.ballots < known.tally.ballots && known.finalOf === undefined;
    if (hasFewer || !server) return tally;
    const above = known.tally.version + 1;
    const p = new Pipeline();
    const op = p.incr(tallyKey(poll.key, "v"), above - tally.version);
    const lifted = (await server.send(p)).of(op);
    return { ...tally, version: typeof lifted === "bigint" ? Number(lifted) : above };
  }

  #tally(poll: Poll): Promise<Tally | undefined> {
    return currentTally(this.#deps.placement, poll.key, partsOf(poll));
  }

  #runoff(poll: Poll): Promise<PublishedRunoff | null> {
    return orWhenMemcachedFails(
      readRunoff(this.#deps.placement, poll.key),
      () => this.#entries.get(poll.key)?.runoff ?? null,
    );
  }

  /** One process rebuilds the tally, the others wait for it. */
  async #rebuild(poll: Poll): Promise<Tally> {
    const until = monotonicMs() + rebuildWaitMs;
    while (monotonicMs() < until) {
      const p = new Pipeline();
      const mine = p.add(tallyKey(poll.key, "r"), "1", rebuildSeconds);
      const server = this.#deps.placement.up(poll.key)[0];
      if (!server) break;
      if ((await server.send(p)).of(mine) === "stored") {
        await this.#rebuildNow(poll);
        const done = new Pipeline();
        done.delete(tallyKey(poll.key, "r"));
        await server.send(done);
      }
      const tally = await this.#tally(poll);
      if (tally) return tally;
      await sleep(50);
    }
    throw new FloodgateError("memcached_unavailable", {
      detail: "The tallies are being rebuilt.",
    });
  }

  async #rebuildNow(poll: Poll): Promise<void> {
    const rebuilt = await rebuildTallies(this.#deps, [poll]).catch(error => {
      this.#deps.log.warn({ event: "tally_not_rebuilt", poll: poll.slug, ...describeError(error) });
    });
    if (rebuilt) this.#deps.log.info({ event: "tally_rebuilt", poll: poll.slug });
  }
}

const tooSlow = () =>
  new FloodgateError("memcached_unavailable", { detail: "The results can't be read in time." });

/** Equal numbers of ballots are not enough: some may have been changed. */
function sameVotes(poll: Poll, a: Pick<Tally, "votes">, b: Pick<Tally, "votes">): boolean {
  return partsOf(poll).every(part => (a.votes.get(part) ?? 0) === (b.votes.get(part) ?? 0));
}

function snapshotOf(poll: Poll, entry: Entry, requester: Requester): Snapshot {
  const { made } = entry;
  if (requester === "editor") return tallySnapshot(poll, entry, requester);
  if (made?.poll === poll) return made.snapshot;
  const snapshot = tallySnapshot(poll, entry, requester);
  entry.made = { poll, snapshot };
  return snapshot;
}
