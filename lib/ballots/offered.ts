/** A ballot on its way through the group commit, and what can become of it. */
import type { Slug } from "../ids.ts";
import type { Lane } from "../lane-rules.ts";
import type { QueuedBallot } from "../queue/slot-codec.ts";
import type { TallyGlimpse } from "../tallies/counters.ts";
import type { Mark } from "../voters/ballot-once.ts";

/** A ballot that a reader cast, checked against its poll; the tallies move for it unless its mark was there. */
export interface OfferedBallot extends QueuedBallot {
  readonly slug: Slug;
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
export interface Waiting {
  readonly ballot: OfferedBallot;
  readonly offeredAtMs: number;
  /** Its mark is there and says this very ballot: only the slot is missing, as far as we know. */
  readonly marked: boolean;
  readonly answer: (outcome: CommitOutcome) => void;
}
