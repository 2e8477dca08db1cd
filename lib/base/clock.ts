/**
 * Durations as words, the clocks, and a sleep that can be aborted.
 *
 * Invariant: durations and ages inside a process are measured with `monotonicMs`. Times that are stored, and decisions
 *   about polls, use the site's `Clock`. `wallMs` is for this process's own pages and logs: it may jump (NTP, an
 *   operator, a paused virtual machine) and may be wrong.
 */

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Milliseconds since 1970-01-01T00:00Z, by the machine's clock. */
export function wallMs(): number {
  return Date.now();
}

/** The site's time, which all processes agree on (`fleet/site-clock.ts`); milliseconds since 1970. No I/O. */
export interface Clock {
  nowMs(): number;
}

/** Milliseconds since an arbitrary moment; never goes back, and goes on while the process is stopped. */
export function monotonicMs(): number {
  return performance.now();
}

/**
 * Resolves after `ms` milliseconds, or at once when `signal` is aborted. Never rejects: the caller checks the signal.
 */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const wake = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal?.addEventListener("abort", wake);
  });
}

/**
 * The result of `answer`, if it settles within `ms` milliseconds; a later result is dropped.
 *
 * @throws the error that `late` makes, when the time is over.
 */
export function inTime<T>(answer: Promise<T>, ms: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), ms);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
