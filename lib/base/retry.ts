/**
 * How long to wait before trying again: exponential, capped, with full jitter, so that many who
 * failed together do not come back together.
 *
 * Source: "full jitter" of Brooker, "Exponential Backoff and Jitter" (AWS Architecture Blog, 2015).
 */

export interface Backoff {
  /** Ceiling of the first wait, in milliseconds. */
  readonly firstMs: number;
  /** Ceiling of every wait, in milliseconds. */
  readonly maxMs: number;
}

/**
 * Milliseconds to wait before attempt `attempt + 1`, uniformly in [0, min(maxMs, firstMs·2^attempt)].
 * `attempt` counts from 0; `random` gives numbers in [0, 1).
 */
export function backoffMs(
  backoff: Backoff,
  attempt: number,
  random: () => number = Math.random,
): number {
  const ceiling = Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(attempt, 30));
  return random() * ceiling;
}
