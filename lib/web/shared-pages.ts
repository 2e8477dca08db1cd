/**
 * Pages that are the same for every reader, kept for a second: however many ask, a page is made once a
 * second, by whoever asks first, and the others wait for it.
 *
 * Invariant: the name of a page says everything that it was made for, and nothing about one reader; what
 *   says something about one reader is never brought here.
 */
import { LRUCache } from "lru-cache";
import { monotonicMs, SECOND } from "../base/clock.ts";
import type { PreparedResponse } from "../http/prepared-response.ts";

interface Kept {
  readonly basis: string;
  readonly page: PreparedResponse;
  readonly madeAtMs: number;
}

interface UnderWay {
  readonly basis: string;
  readonly page: Promise<PreparedResponse>;
}

const bytesMax = 32 * 1024 * 1024;
/** As long as a cache before us may keep it. */
const freshMs = SECOND;

export class SharedPages {
  readonly #kept = new LRUCache<string, Kept>({
    maxSize: bytesMax,
    sizeCalculation: ({ page }, name) => (page.body?.length ?? 0) + name.length + 1,
  });
  readonly #underWay = new Map<string, UnderWay>();

  /** The page of that name, if it was made less than a second ago and of the same things. */
  fresh(name: string, basis: string): PreparedResponse | undefined {
    const kept = this.#kept.get(name);
    if (kept?.basis !== basis || monotonicMs() - kept.madeAtMs >= freshMs) return undefined;
    return kept.page;
  }

  /**
   * The page of that name, made of `basis` less than a second ago, or now.
   *
   * @param basis - what would make it another page: the poll's version, its state.
   * @throws what `make` throws, to all who wait for it.
   */
  async get(
    name: string,
    basis: string,
    make: () => Promise<PreparedResponse> | PreparedResponse,
  ): Promise<PreparedResponse> {
    const fresh = this.fresh(name, basis);
    if (fresh) return fresh;
    const underWay = this.#underWay.get(name);
    if (underWay?.basis === basis) return underWay.page;
    const started: UnderWay = { basis, page: this.#make(name, basis, make) };
    this.#underWay.set(name, started);
    try {
      return await started.page;
    } finally {
      if (this.#underWay.get(name) === started) this.#underWay.delete(name);
    }
  }

  async #make(
    name: string,
    basis: string,
    make: () => Promise<PreparedResponse> | PreparedResponse,
  ) {
    // Age counts from before it is made: what it shows is read while it is.
    const madeAtMs = monotonicMs();
    const page = await make();
    this.#kept.set(name, { basis, page, madeAtMs });
    return page;
  }
}
