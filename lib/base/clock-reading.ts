/** A reading of another machine's clock. */
import type { Bounds } from "./agreement.ts";

export interface ClockReading {
  /** Milliseconds since 1970, rounded down to `resolutionMs`. */
  readonly theirMs: number;
  readonly resolutionMs: number;
  /** It was read between these two moments; monotonic. */
  readonly askedMs: number;
  readonly answeredMs: number;
}

/** What must be added to this machine's monotonic clock to get the other clock's time. */
export function offsetOf({ theirMs, resolutionMs, askedMs, answeredMs }: ClockReading): Bounds {
  return { min: theirMs - answeredMs, max: theirMs + resolutionMs - askedMs };
}
