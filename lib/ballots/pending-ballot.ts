/** A ballot in the group commit that has no outcome yet. */
import { SECOND } from "../base/clock.ts";
import type { Placement } from "../memcached/placement.ts";
import type { Ballot } from "../model/ballot.ts";
import type { PollKey, Slug } from "../model/ids.ts";
import type { Lane } from "../model/lane.ts";
import { type Mark, takeMarksBack } from "../voters/marks.ts";

/** Part of the 3 s within which every request is answered: after this, no further attempt starts for a ballot. */
export const patienceMs = 1.8 * SECOND;

/** A ballot that a reader cast, checked against its poll. */
export interface OfferedBallot extends Ballot {
  readonly pollKey: PollKey;
  readonly slug: Slug;
  /** `PublishedPolls.publication` when the ballot was checked against its poll. */
  readonly publication: number;
  readonly markTtlSeconds: number;
  readonly lane: Lane;
}

export interface PendingBallot {
  readonly ballot: OfferedBallot;
  readonly offeredAtMs: number;
  /** Its mark exists and holds this ballot; the ballot may still need a slot. */
  readonly marked: boolean;
  /** The mark's value before this change replaced it. */
  readonly movedFrom: Mark | undefined;
}

/** True for a ballot's first attempt, by its mark. A later attempt must not move the tallies again. */
export function isFresh({ marked, movedFrom }: PendingBallot): boolean {
  return !marked || movedFrom !== undefined;
}

/** Takes back the marks that these ballots have made or moved, so that a refused ballot does not stand for its voter. */
export async function takeBackMarksOf(
  placement: Placement,
  refused: readonly PendingBallot[],
): Promise<void> {
  const made = refused.filter(isFresh);
  if (made.length === 0) return;
  const back = made.map(({ ballot, movedFrom }) => ({ ballot, before: movedFrom }));
  await takeMarksBack(placement, back);
}
