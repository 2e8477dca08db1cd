/** The marks of ballots that are enqueued again. */
import { DAY, SECOND } from "../base/clock.ts";
import type { Ballot } from "../model/ballot.ts";

/** The polls' own closing times are not known here. */
const replayedMarkSeconds = (7 * DAY) / SECOND;

/** A server may have lost the marks along with the slots; marks that are still there do not change. */
export function marksOf(ballots: readonly Ballot[]) {
  return ballots.map(ballot => ({ ...ballot, markTtlSeconds: replayedMarkSeconds }));
}
