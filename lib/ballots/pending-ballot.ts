/** A ballot in the group commit, and its possible outcomes. */
import { SECOND } from "../base/clock.ts";
import type { Ballot } from "../model/ballot.ts";
import type { PollKey, Slug } from "../model/ids.ts";
import type { Lane } from "../model/lane.ts";
import type { PartialTally } from "../tallies/counters.ts";
import type { Mark } from "../voters/marks.ts";

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

/** The outcome of an offered ballot. */
export type CommitOutcome =
  | { readonly outcome: "accepted"; readonly tally: PartialTally | undefined }
  | { readonly outcome: "already_voted"; readonly mark: Mark }
  /** `replaced`: the slug has been given to another poll since the ballot was checked. */
  | { readonly outcome: "ballot_id_reused" | "closed" | "replaced" }
  | { readonly outcome: "unavailable" | "full" | "overloaded" };

/** A ballot that is not answered yet. */
export interface PendingBallot {
  readonly ballot: OfferedBallot;
  readonly offeredAtMs: number;
  /** Its mark exists and holds this ballot; the ballot may still need a slot. */
  readonly marked: boolean;
  /** The mark's value before this change replaced it. */
  readonly movedFrom?: Mark;
  readonly answer: (outcome: CommitOutcome) => void;
}

/** The outcome of a ballot whose voter's standing ballot is this; `undefined` for a retry of the same ballot. */
export function outcomeBeside(standing: Mark, ballot: Mark): CommitOutcome | undefined {
  const same = standing.ballotId === ballot.ballotId && standing.revision === ballot.revision;
  if (!same) return { outcome: "already_voted", mark: standing };
  if (Buffer.compare(standing.choices, ballot.choices) === 0) return undefined;
  return { outcome: "ballot_id_reused" };
}

/** The items that match, and the others. */
export function split<T>(items: readonly T[], matches: (item: T) => boolean): [T[], T[]] {
  return [items.filter(matches), items.filter(item => !matches(item))];
}
