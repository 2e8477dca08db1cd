/**
 * A circuit breaker: once a server has failed, calls to it fail at once instead of waiting for a deadline each.
 *
 * States: *closed* (calls pass) → *open* (a call failed; calls are refused) → *half-open* (one trial call is under
 * way) → closed when the trial succeeds, open again when it fails.
 *
 * An owner lets callers make the trials (`tryPass`), or makes them itself and only notes how they end.
 *
 * Source: the circuit breaker of Nygard, "Release It!".
 */
import { monotonicMs } from "./clock.ts";

export interface CircuitBreakerOptions {
  /** Pause before a trial call, counted from the last failure or trial. */
  readonly trialPauseMs: number;
  /** Called when the circuit opens (false) and when it closes again (true). */
  readonly onAvailability: (available: boolean) => void;
}

export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  readonly #now: () => number;
  #openSinceMs: number | undefined;
  #trialAtMs = 0;

  /** @param now - monotonic milliseconds. */
  constructor(options: CircuitBreakerOptions, now: () => number = monotonicMs) {
    this.#options = options;
    this.#now = now;
  }

  /** True while the circuit is closed. */
  get available(): boolean {
    return this.#openSinceMs === undefined;
  }

  /** For how long the circuit has not been closed; 0 while it is. */
  get awayMs(): number {
    return this.#openSinceMs === undefined ? 0 : this.#now() - this.#openSinceMs;
  }

  /** Whether a call may be made. While the circuit is open, one call in each pause passes, as the trial. */
  tryPass(): boolean {
    if (this.available) return true;
    const now = this.#now();
    if (now < this.#trialAtMs) return false;
    this.#trialAtMs = now + this.#options.trialPauseMs;
    return true;
  }

  /** A call was answered: closes the circuit. */
  noteSuccess(): void {
    if (this.available) return;
    this.#openSinceMs = undefined;
    this.#options.onAvailability(true);
  }

  /** A call found the server away: opens the circuit, or keeps it open for another pause. */
  noteFailure(): void {
    const now = this.#now();
    this.#trialAtMs = now + this.#options.trialPauseMs;
    if (!this.available) return;
    this.#openSinceMs = now;
    this.#options.onAvailability(false);
  }
}
