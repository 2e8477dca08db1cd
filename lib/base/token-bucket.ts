/**
 * A token bucket: a rate limit that refills continuously, and holds the tokens of one second at most.
 *
 * It limits one process. Where processes must share a limit, see `editors/sign-in-attempts.ts`.
 */
import { monotonicMs, SECOND } from "./clock.ts";

export class TokenBucket {
  readonly #perSecond: number;
  readonly #now: () => number;
  /** Tokens that were there at `#atMs`; below 0 after `take` took more than there were. */
  #tokens: number;
  #atMs: number;

  /** @param now - monotonic milliseconds. */
  constructor(perSecond: number, now: () => number = monotonicMs) {
    this.#perSecond = perSecond;
    this.#now = now;
    this.#tokens = perSecond;
    this.#atMs = now();
  }

  /** Whole tokens in the bucket right now; negative while it is in debt. */
  get tokens(): number {
    return Math.floor(this.#tokensAt(this.#now()));
  }

  /** Takes one token, if there is one. */
  tryTake(): boolean {
    if (this.tokens < 1) return false;
    this.take(1);
    return true;
  }

  /** Takes tokens, into debt if need be: the work is under way already. */
  take(count: number): void {
    const now = this.#now();
    this.#tokens = this.#tokensAt(now) - count;
    this.#atMs = now;
  }

  #tokensAt(ms: number): number {
    const refill = ((ms - this.#atMs) / SECOND) * this.#perSecond;
    return Math.min(this.#perSecond, this.#tokens + refill);
  }
}
