/** A ballot on its way through the group commit, and what can become of it. */
import type { Ballot } from "../model/ballot.ts";
import type { Slug } from "../model/ids.ts";
import type { Lane } from "../model/lane.ts";
import type { TallyGlimpse } from "../tallies/counters.ts";
import type { Mark } from "../voters/marks.ts";

/** A ballot that a reader cast, checked against its poll; the tallies move for it unless its mark was there. */
export interface OfferedBallot extends Ballot {
  readonly slug: Slug;
  /** The newest one heard of when its poll was looked at (`PublishedPolls.publication`). */
  readonly publication: number;
  readonly markTtlSeconds: number;
  readonly lane: Lane;
}

/** What became of an offered ballot. */
export type CommitOutcome =
  | { readonly outcome: "accepted"; readonly tally: TallyGlimpse | undefined }
  | { readonly outcome: "already_voted"; readonly mark: Mark }
  | { readonly outcome: "ballot_id_reused" | "closed" }
  | { readonly outcome: "unavailable" | "full" | "overloaded" };

/** A ballot that has no answer yet. */
export interface PendingBallot {
  readonly ballot: OfferedBallot;
  readonly offeredAtMs: number;
  /** Its mark is there and says this very ballot: only the slot is missing, as far as we know. */
  readonly marked: boolean;
  /** Of a change: what the mark said from which this try moved it. */
  readonly movedFrom?: Mark;
  readonly answer: (outcome: CommitOutcome) => void;
}

/** What becomes of a ballot that finds this standing; `undefined`: it is that very ballot, sent again. */
export function outcomeBeside(standing: Mark, ballot: Mark): CommitOutcome | undefined {
  const same = standing.ballotId === ballot.ballotId && standing.revision === ballot.revision;
  if (!same) return { outcome: "already_voted", mark: standing };
  if (Buffer.compare(standing.choices, ballot.choices) === 0) return undefined;
  return { outcome: "ballot_id_reused" };
}

/** Those of which it is true, and the others. */
export function split<T>(all: readonly T[], isTrueOf: (each: T) => boolean): [T[], T[]] {
  return [all.filter(isTrueOf), all.filter(each => !isTrueOf(each))];
}
