/**
 * Brings the two sides of the books together, in the worker: copies the accepted counts that fronts publish into
 * MySQL, and publishes in memcached how many ballots of each poll MySQL has, for readers' pages.
 */
import { MINUTE, monotonicMs, SECOND } from "../base/clock.ts";
import { portions } from "../base/lists.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { orWhenMemcachedFails } from "../memcached/failure.ts";
import { acceptedKey, tallyKey } from "../memcached/keys.ts";
import { counterValue, Pipeline } from "../memcached/pipeline.ts";
import type { Placement } from "../memcached/placement.ts";
import type { Batch } from "../model/ballot.ts";
import { type PollId, type PollKey, producerBytes } from "../model/ids.ts";
import { type PollReference, pollKeyOf } from "../model/poll-key.ts";
import { type Acceptance, missingAcceptances, raiseAccepted } from "../store/acceptances.ts";
import type { Store } from "../store/database.ts";
import { countOpenLetters, type OpenLetters } from "../store/dead-letters.ts";
import { readTotals } from "../store/totals.ts";
import { type Books, readAllBooks } from "./books.ts";

interface Source extends PollReference {
  readonly producer: Buffer;
  seenMs: number;
  /** The count that MySQL has. */
  raisedTo: number;
}

/** A front is not asked any more after this time without a committed batch. */
const forgetMs = 10 * MINUTE;
/** Fronts that are not asked are remembered, for a MySQL that forgets their counts. */
const dormantMax = 10_000;
const keysPerRead = 500;
const pollsPerQuery = 5_000;
const askEveryMs = MINUTE;
/** When this worker is new, or MySQL went back: fronts report their counts again within seconds. */
const askOftenForMs = MINUTE;
const askOftenEveryMs = 5 * SECOND;

export class CountGatherer {
  readonly #store: Store;
  readonly #placement: Placement;
  readonly #sources = new Map<string, Source>();
  readonly #dormant = new Map<string, Source>();
  #touched = new Map<PollKey, PollId>();
  /** When MySQL was last asked which ballots have not arrived; monotonic. */
  #askedMs = Number.NEGATIVE_INFINITY;
  #askOftenUntilMs = monotonicMs() + askOftenForMs;
  #total: Books | undefined;
  #openLetters: OpenLetters | undefined;

  /** @param placement - the servers of each poll's tallies, which also have its published counts. */
  constructor(store: Store, placement: Placement) {
    this.#store = store;
    this.#placement = placement;
  }

  /** Polls whose books may still change, as far as this worker knows. */
  get polls(): ReadonlySet<PollId> {
    return new Set([...this.#sources.values()].map(({ pollId }) => pollId));
  }

  /** The books of all polls together, as last added up. */
  get total(): Books | undefined {
    return this.#total;
  }

  /** The dead letters that no operator has dismissed, as last counted. */
  get openLetters(): OpenLetters | undefined {
    return this.#openLetters;
  }

  /** Adds up the books of all polls, and the open dead letters. @throws StoreFailure. */
  async refreshTotal(): Promise<void> {
    this.#openLetters = await countOpenLetters(this.#store);
    this.#total = await readAllBooks(this.#store);
  }

  /** Notes batches that are in MySQL now. */
  committed(batches: readonly Pick<Batch, "id" | "ballots">[]): void {
    for (const { id, ballots } of batches) {
      const producer = Buffer.from(id.subarray(0, producerBytes));
      for (const [poll, reference] of referencesOf(ballots)) {
        this.#touched.set(poll, reference.pollId);
        this.#see(reference, producer);
      }
    }
  }

  #see(poll: PollReference, producer: Buffer): void {
    const seenMs = monotonicMs();
    const key = `${producer.toString("hex")}:${pollKeyOf(poll)}`;
    const source = this.#sources.get(key);
    if (source) source.seenMs = seenMs;
    else this.#sources.set(key, { ...poll, producer, seenMs, raisedTo: 0 });
  }

  /**
   * Gathers and publishes counts; called after each pass. Does nothing when no batch was committed recently.
   *
   * @throws StoreFailure.
   */
  async gather(): Promise<void> {
    await this.#askIfDue();
    const oldest = monotonicMs() - forgetMs;
    for (const [key, source] of this.#sources) if (source.seenMs < oldest) this.#rest(key, source);
    for (const server of this.#placement.servers) await this.#gatherFrom(server);
    await this.#publishStored();
  }

  /** Ballots that no queue has, and that MySQL has lost, are known from nowhere else. */
  async #askIfDue(): Promise<void> {
    const nowMs = monotonicMs();
    const everyMs = nowMs < this.#askOftenUntilMs ? askOftenEveryMs : askEveryMs;
    if (nowMs - this.#askedMs < everyMs) return;
    let before: PollId | undefined;
    do {
      const portion = await missingAcceptances(this.#store, before, pollsPerQuery);
      for (const poll of portion.missing) this.#see(referenceOf(poll), poll.producer);
      before = portion.before;
    } while (before !== undefined);
    this.#askedMs = nowMs;
  }

  #rest(key: string, source: Source): void {
    this.#sources.delete(key);
    this.#dormant.set(key, source);
    for (const longest of this.#dormant.keys()) {
      if (this.#dormant.size <= dormantMax) break;
      this.#dormant.delete(longest);
    }
  }

  /** MySQL may have lost the counts that it had: all fronts are asked again, and all counts published again. */
  startAgain(): void {
    const seenMs = monotonicMs();
    for (const [key, source] of [...this.#dormant, ...this.#sources]) {
      this.#sources.set(key, { ...source, seenMs, raisedTo: 0 });
      this.#touched.set(pollKeyOf(source), source.pollId);
    }
    this.#dormant.clear();
    this.#askedMs = Number.NEGATIVE_INFINITY;
    this.#askOftenUntilMs = monotonicMs() + askOftenForMs;
  }

  async #gatherFrom(server: MemcachedClient): Promise<void> {
    const sources = [...this.#sources.values()].filter(source =>
      this.#placement.of(pollKeyOf(source)).includes(server),
    );
    for (const portion of portions(sources, keysPerRead)) {
      const raised = await published(server, portion);
      await raiseAccepted(this.#store, raised.map(toAcceptance));
      for (const { source, accepted } of raised) source.raisedTo = accepted;
    }
  }

  async #publishStored(): Promise<void> {
    const polls = [...this.#touched];
    if (polls.length === 0) return;
    this.#touched = new Map();
    const totals = await readTotals(this.#store, [...new Set(polls.map(([, id]) => id))]);
    for (const server of this.#placement.servers) {
      const pipeline = new Pipeline();
      for (const [poll, id] of polls) {
        const stored = totals.get(id);
        if (stored && this.#placement.of(poll).includes(server)) {
          pipeline.overwrite(tallyKey(poll, "s"), String(stored.ballots), 0);
        }
      }
      if (pipeline.size > 0) await orWhenMemcachedFails(server.send(pipeline), () => undefined);
    }
  }
}

interface Raised {
  readonly source: Source;
  readonly accepted: number;
}

const toAcceptance = ({ source, accepted }: Raised): Acceptance => ({
  ...referenceOf(source),
  producer: source.producer,
  ballots: accepted,
});

const referenceOf = ({ pollId, pollKey }: PollReference): PollReference =>
  pollKey === undefined ? { pollId } : { pollId, pollKey };

/** The polls of these ballots, each once. */
function referencesOf(ballots: readonly PollReference[]): ReadonlyMap<PollKey, PollReference> {
  return new Map(ballots.map(ballot => [pollKeyOf(ballot), referenceOf(ballot)] as const));
}

/** Sources that have published a higher count than MySQL has. One round trip. */
async function published(server: MemcachedClient, sources: readonly Source[]): Promise<Raised[]> {
  const pipeline = new Pipeline();
  const ops = sources.map(source => pipeline.get(acceptedKey(source.producer, pollKeyOf(source))));
  // A server that is away is asked again after the next pass.
  const replies = await orWhenMemcachedFails(server.read(pipeline), () => undefined);
  if (!replies) return [];
  return sources.flatMap((source, index) => {
    const op = ops[index];
    const accepted = Number((op && counterValue(replies.of(op))) ?? 0);
    return accepted > source.raisedTo ? { source, accepted } : [];
  });
}
