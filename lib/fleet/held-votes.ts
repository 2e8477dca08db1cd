/** For how long a front has held votes that are not in MySQL, by its last report. Pure. */
import { SECOND } from "../base/clock.ts";
import type { FleetMember } from "../store/fleet-processes.ts";

/** A worker stores votes within a second or two; votes that wait for longer may be in a queue that none reads. */
export const heldTooLongMs = 10 * SECOND;

/** The age of its oldest vote; 0 for a worker. */
export function heldMs({ seenAtMs, heldSinceMs = seenAtMs }: FleetMember): number {
  return Math.max(0, seenAtMs - heldSinceMs);
}
