/**
 * The one way a memcached call fails, and what is known about the call then.
 *
 * - `not_sent`: the request did not leave this process.
 * - `unknown`: the request was written and not answered, so it may have been applied. Repeat an `incr` or an `add`
 *   after this only where a repetition can be recognised (batch ids, ballot ids).
 * - `rejected`: the server answered with a status that the operation does not expect.
 */

export type Outcome = "not_sent" | "unknown" | "rejected";

const BRAND = Symbol.for("floodgate.memcached-failure");

export class MemcachedFailure extends Error {
  readonly [BRAND] = true;
  readonly outcome: Outcome;
  /** memcached's binary status, for `rejected`. */
  readonly status: number | undefined;

  constructor(
    outcome: Outcome,
    reason: string,
    options: { status?: number; cause?: unknown } = {},
  ) {
    super(`memcached: ${reason}`, { cause: options.cause });
    this.name = "MemcachedFailure";
    this.outcome = outcome;
    this.status = options.status;
  }
}

/** memcached's binary status for "out of memory". */
export const outOfMemoryStatus = 0x82;

/** The failure of a call for which the server (`-M`) has no memory left. */
export function outOfMemory(what: string): MemcachedFailure {
  return new MemcachedFailure("rejected", `no memory left for ${what}`, {
    status: outOfMemoryStatus,
  });
}

/** True when a server is full. */
export function isOutOfMemory(error: MemcachedFailure): boolean {
  return error.status === outOfMemoryStatus;
}

/** True for a `MemcachedFailure` of any copy of this module. */
export function isMemcachedFailure(error: unknown): error is MemcachedFailure {
  return typeof error === "object" && error !== null && BRAND in error;
}

/** The result of `call`, or of `fallback` when memcached failed it, for whatever reason. Every other error is thrown. */
export async function orWhenMemcachedFails<T, F>(
  call: Promise<T>,
  fallback: (failure: MemcachedFailure) => F,
): Promise<T | F> {
  try {
    return await call;
  } catch (error) {
    if (!isMemcachedFailure(error)) throw error;
    return fallback(error);
  }
}
