/**
 * Retries with backoff: exponential, capped, with full jitter, so that many clients that failed together
 * do not come back together.
 *
 * Source: "full jitter" of Brooker, "Exponential Backoff and Jitter" (AWS Architecture Blog, 2015).
 */
import { monotonicMs, sleep } from "./clock.ts";

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

export interface RetryOptions extends Backoff {
  /** Whether an error is worth another attempt. Default: every error is. */
  readonly retryable?: (error: unknown) => boolean;
  /** Called after each retryable failure, with the number of failures so far. */
  readonly onFailure?: (error: unknown, failures: number) => void;
  /** No further attempt after this many. Default: no limit. */
  readonly attemptsMax?: number;
  /** No further attempt when this time is over. Default: no limit. */
  readonly withinMs?: number;
  /** No further attempt when this is aborted; ends a wait at once. */
  readonly signal?: AbortSignal;
}

/**
 * Runs `work` until it succeeds, and resolves with its result. The first attempt is always made.
 *
 * @throws the last error: it is not retryable, a limit was reached, or `signal` was aborted.
 */
export async function retry<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { retryable, onFailure, attemptsMax, withinMs, signal } = options;
  const startedMs = monotonicMs();
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (retryable && !retryable(error)) throw error;
      onFailure?.(error, attempt + 1);
      const outOfTime = withinMs !== undefined && monotonicMs() - startedMs > withinMs;
      if (outOfTime || attempt + 1 === attemptsMax) throw error;
      await sleep(backoffMs(options, attempt), signal);
      if (signal?.aborted) throw error;
    }
  }
}
