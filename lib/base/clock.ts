/**
 * Time in one place: durations as words, the two clocks, and a sleep that can be called off.
 *
 * Invariant: anything that measures how long something took, or how old it is inside this process,
 * uses `monotonicMs`; only moments that people see or that are stored use `wallMs`. The wall clock
 * may jump (NTP, an operator, a virtual machine that was paused), the monotonic one may not.
 */

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Milliseconds since 1970-01-01T00:00Z, as the machine believes it. */
export function wallMs(): number {
  return Date.now();
}

/** Milliseconds since an arbitrary moment, never going back; keeps counting while we are stopped. */
export function monotonicMs(): number {
  return performance.now();
}

/**
 * Resolves after `ms` milliseconds, or at once when `signal` is aborted. Never rejects: whoever
 * called the sleep off looks at the signal.
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
 * What `answer` comes to, if it does so within `ms` milliseconds; what comes later is dropped.
 *
 * @throws what `late` makes, when it does not.
 */
export function inTime<T>(answer: Promise<T>, ms: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), ms);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
