/**
 * Pages that are the same for every reader, kept for a second: requests for one page that arrive while it is being
 * made wait for it, so it is made once a second however many ask.
 *
 * Invariant: a page's name and basis say everything it was made from, and nothing about one reader; a page that
 *   shows something about one reader is never put here.
 */
import { LRUCache } from "lru-cache";
import { monotonicMs, SECOND } from "../base/clock.ts";
import type { PreparedResponse } from "../http/prepared-response.ts";

type MakePage = () => Promise<PreparedResponse> | PreparedResponse;

const bytesMax = 32 * 1024 * 1024;
/** Compressed forms are made later; both together are smaller than the page. */
const formsMax = 2;
/** As long as a proxy in front of us may keep it. */
const freshMs = SECOND;

const keyOf = (name: string, basis: string): string => `${name} ${basis}`;

export class SharedPages {
  readonly #pages = new LRUCache<string, PreparedResponse, MakePage>({
    maxSize: bytesMax,
    sizeCalculation: ({ body }, key) => (body?.length ?? 0) * formsMax + key.length,
    ttl: freshMs,
    // Reads the clock for each look-up, rather than starting a timer to reuse the time.
    ttlResolution: 0,
    // A page that is evicted while it is being made still goes to those who wait for it.
    ignoreFetchAbort: true,
    fetchMethod: async (_key, _stale, { options, context: make }) => {
      // The age counts from before the page is made: what it shows is read meanwhile.
      const startedMs = monotonicMs();
      const page = await make();
      options.ttl = Math.max(1, Math.floor(freshMs - (monotonicMs() - startedMs)));
      return page;
    },
  });

  /** The page of this name, if it was made from the same basis less than a second ago. */
  fresh(name: string, basis: string): PreparedResponse | undefined {
    return this.#pages.get(keyOf(name, basis));
  }

  /**
   * The page of this name, made from `basis` less than a second ago, or now.
   *
   * @param basis - what makes it a different page when it changes: the poll's version and state.
   * @throws what `make` throws, to all who wait for it.
   */
  get(name: string, basis: string, make: MakePage): Promise<PreparedResponse> {
    return this.#pages.forceFetch(keyOf(name, basis), { context: make });
  }
}
