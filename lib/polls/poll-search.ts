/**
 * Readers' searches of all listed polls, in MySQL: cheap, few, and each kept for some seconds.
 *
 * Invariant: readers cause `searchesPerSecondMax` queries a second at most, of one statement each, and two at a time;
 *   searches that find no place are refused at once, and so are all while MySQL is away.
 */
import { LRUCache } from "lru-cache";
import { type Clock, SECOND } from "../base/clock.ts";
import { FloodgateError } from "../base/errors.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import type { PollId } from "../model/ids.ts";
import { searchWords } from "../model/search-words.ts";
import type { Store } from "../store/database.ts";
import { type FoundPage, linePage, type PollFilter, type PollLine } from "../store/poll-lists.ts";

const searchesPerSecondMax = 3;
const atOnceMax = 2;
const keptMs = 5 * SECOND;
const keptMax = 200;
const pageLength = 50;

export interface Search {
  /** In one form (`model/search-words.ts`); empty: all. */
  readonly text: string;
  readonly state?: PollFilter | undefined;
  readonly before?: PollId | undefined;
}

export interface SearchDeps {
  readonly store: Store;
  readonly clock: Clock;
  /** False while MySQL is known to be away. */
  readonly isMysqlUp: () => boolean;
}

export class PollSearch {
  readonly #deps: SearchDeps;
  readonly #rate = new TokenBucket(searchesPerSecondMax);
  #running = 0;
  readonly #kept = new LRUCache<string, FoundPage<PollLine>, Search>({
    max: keptMax,
    ttl: keptMs,
    ignoreFetchAbort: true,
    fetchMethod: (_key, _stale, { context }) => this.#run(context),
  });

  constructor(deps: SearchDeps) {
    this.#deps = deps;
  }

  /**
   * A page of listed polls, the newest first. **Cost:** one query, unless the same search was made seconds ago.
   *
   * @throws FloodgateError `overloaded`: too many searches, or MySQL is away; StoreFailure.
   */
  find(search: Search): Promise<FoundPage<PollLine>> {
    const key = JSON.stringify([search.text, search.state, search.before]);
    return this.#kept.forceFetch(key, { context: search });
  }

  async #run({ text, state, before }: Search): Promise<FoundPage<PollLine>> {
    const { store, clock, isMysqlUp } = this.#deps;
    const mayRun = isMysqlUp() && this.#running < atOnceMax && this.#rate.tryTake();
    if (!mayRun) throw new FloodgateError("overloaded");
    this.#running += 1;
    try {
      const selection = { words: searchWords(text), state, listed: true, nowMs: clock.nowMs() };
      return await linePage(store, selection, { before, limit: pageLength });
    } finally {
      this.#running -= 1;
    }
  }
}
