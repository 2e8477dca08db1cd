/**
 * What becomes of a ballot: one union for the whole path, from a round of the group commit up to the HTTP answer, which
 * alone translates it (`web/answer-vote.ts` for programs, `reader/answer-form-vote.ts` for forms).
 */
import type { ChoiceProblem } from "../model/choices.ts";
import type { PartialTally } from "../tallies/counters.ts";
import type { Mark } from "../voters/marks.ts";

/** Why a ballot is refused. */
export type Refusal =
  | "not_found"
  | "not_open"
  | "closed"
  /** The slug has another poll now, or the poll another question or other options than the reader saw. */
  | "replaced"
  | "change_refused"
  | "voter_unknown"
  /** The same ballot id with other choices. */
  | "ballot_id_reused"
  | "unavailable"
  | "full"
  | "overloaded"
  /** This process lacks the secret that the poll was created with: another would make a retry another voter's ballot. */
  | "secret_unknown";

export type BallotOutcome =
  /** `tally`: the counters as the ballot's own moves left them; `undefined` when nothing answered. */
  | { readonly outcome: "accepted"; readonly tally: PartialTally | undefined }
  /** Another ballot of the voter stands. `ballot_changed`: another change of the same ballot came first. */
  | { readonly outcome: "already_voted" | "ballot_changed"; readonly mark: Mark }
  | { readonly outcome: "invalid_choices"; readonly problem: ChoiceProblem }
  | { readonly outcome: Refusal };

/** The outcome of a ballot whose voter's standing ballot is this; `undefined` for a retry of the same ballot. */
export function outcomeBeside(standing: Mark, ballot: Mark): BallotOutcome | undefined {
  const same = standing.ballotId === ballot.ballotId && standing.revision === ballot.revision;
  if (!same) {
    return { outcome: ballot.revision === 0 ? "already_voted" : "ballot_changed", mark: standing };
  }
  if (Buffer.compare(standing.choices, ballot.choices) === 0) return undefined;
  return { outcome: "ballot_id_reused" };
}
