/**
 * Bringing the two sides of the books together, in the worker: the counts that fronts publish go into
 * MySQL, and how much of a poll MySQL has goes to where readers' pages find it without asking MySQL.
 */

import { MINUTE, monotonicMs } from "../base/clock.ts";
import { portions } from "../base/lists.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { orWhenAway } from "../memcached/failure.ts";
import { acceptedKey, tallyKey } from "../memcached/keys.ts";
import { counterValue, Pipeline } from "../memcached/pipeline.ts";
import type { Placement } from "../memcached/placement.ts";
import type { Batch } from "../model/ballot.ts";
import { type PollId, producerBytes } from "../model/ids.ts";
import { type Acceptance, raiseAccepted } from "../store/acceptances.ts";
import type { Store } from "../store/database.ts";
import { readTotals } from "../store/totals.ts";
import { type Books, readAllBooks } from "./books.ts";

interface Source {
  readonly pollId: PollId;
  readonly producer: Buffer;
  seenMs: number;
  /** What MySQL has been told last. */
  told: number;
}

/** A front that has sent nothing for so long has nothing new to say. */
const forgetMs = 10 * MINUTE;
const keysPerRead = 500;

export class CountGatherer {
  readonly #store: Store;
  readonly #placement: Placement;
  readonly #sources = new Map<string, Source>();
  #touched = new Set<PollId>();
  #whole: Books | undefined;

  /** @param placement - where tallies live, and with them what is published here. */
  constructor(store: Store, placement: Placement) {
    this.#store = store;
    this.#placement = placement;
  }

  /** Polls whose books may still change, as far as this worker knows. */
  get polls(): ReadonlySet<PollId> {
    return new Set([...this.#sources.values()].map(({ pollId }) => pollId));
  }

  /** The books of all polls together, as of the last review. */
  get whole(): Books | undefined {
    return this.#whole;
  }

  /** Adds up the books of all polls. @throws StoreFailure. */
  async review(): Promise<void> {
    this.#whole = await readAllBooks(this.#store);
  }

  /** Batches that are in MySQL now. */
  committed(batches: readonly Pick<Batch, "id" | "ballots">[]): void {
    const seenMs = monotonicMs();
    for (const { id, ballots } of batches) {
      const producer = Buffer.from(id.subarray(0, producerBytes));
      const life = producer.toString("hex");
      for (const pollId of new Set(ballots.map(ballot => ballot.pollId))) {
        this.#touched.add(pollId);
        const key = `${life}:${pollId}`;
        const source = this.#sources.get(key);
        if (source) source.seenMs = seenMs;
        else this.#sources.set(key, { pollId, producer, seenMs, told: 0 });
      }
    }
  }

  /**
   * Does what is to be done after a pass. Nothing, when nothing came lately.
   *
   * @throws StoreFailure.
   */
  async collect(): Promise<void> {
    const oldest = monotonicMs() - forgetMs;
    for (const [key, { seenMs }] of this.#sources) if (seenMs < oldest) this.#sources.delete(key);
    for (const server of this.#placement.servers) await this.#collectFrom(server);
    await this.#publishStored();
  }

  async #collectFrom(server: MemcachedClient): Promise<void> {
    const sources = [...this.#sources.values()].filter(({ pollId }) =>
      this.#placement.of(pollId).includes(server),
    );
    for (const portion of portions(sources, keysPerRead)) {
      const raised = await published(server, portion);
      await raiseAccepted(this.#store, raised.map(toAcceptance));
      for (const { source, accepted } of raised) source.told = accepted;
    }
  }

  async #publishStored(): Promise<void> {
    const polls = [...this.#touched];
    if (polls.length === 0) return;
    this.#touched = new Set();
    const totals = await readTotals(this.#store, polls);
    for (const server of this.#placement.servers) {
      const p = new Pipeline();
      for (const [poll, { ballots }] of totals) {
        if (this.#placement.of(poll).includes(server)) {
          p.overwrite(tallyKey(poll, "s"), String(ballots), 0);
        }
      }
      if (p.size > 0) await orWhenAway(server.send(p), () => undefined);
    }
  }
}

interface Raised {
  readonly source: Source;
  readonly accepted: number;
}

const toAcceptance = ({ source, accepted }: Raised): Acceptance => ({
  pollId: source.pollId,
  producer: source.producer,
  ballots: accepted,
});

/** Sources that have published more than MySQL was told. One round trip. */
async function published(server: MemcachedClient, sources: readonly Source[]): Promise<Raised[]> {
  const p = new Pipeline();
  const ops = sources.map(({ producer, pollId }) => p.get(acceptedKey(producer, pollId)));
  // A server that is away is asked again after the next pass.
  const replies = await orWhenAway(server.read(p), () => undefined);
  if (!replies) return [];
  return sources.flatMap((source, index) => {
    const op = ops[index];
    const accepted = Number((op && counterValue(replies.of(op))) ?? 0);
    return accepted > source.told ? { source, accepted } : [];
  });
}
