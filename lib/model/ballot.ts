/** A ballot on its way to MySQL, and the batch that it travels in. Pure. */
import type { BallotId, BatchId, VoterKey } from "./ids.ts";
import type { PollReference } from "./poll-key.ts";
import type { PollKind } from "./poll-rules.ts";

/** One ballot on its way to MySQL. */
export interface Ballot extends PollReference {
  readonly voter: VoterKey;
  readonly ballotId: BallotId;
  /** When the front received it, by the front's wall clock. */
  readonly receivedAtMs: number;
  /** 0 for the voter's first ballot, one more for each change; the ballot with the highest revision stands. */
  readonly revision: number;
  /**
   * Option numbers in the voter's order, one byte each; for a rating, each followed by its grade. Empty: a
   * withdrawal.
   */
  readonly choices: Uint8Array;
  /** For a tallied change: the choices that were subtracted from the tallies. */
  readonly replaced?: Uint8Array;
  /** The poll's kind, which decides how the choices are counted. */
  readonly kind: PollKind;
  /** The tallies were moved when it was enqueued, so the flush must subtract it if it does not count. */
  readonly tallied: boolean;
}

/** The ballots of one slot. An empty batch fills a number that was taken and is not needed. */
export interface Batch {
  readonly id: BatchId;
  readonly ballots: readonly Ballot[];
  /**
   * The tallies may have been moved more than once for these ballots, or not at all, because an earlier attempt to write
   * the batch was not answered. The worker compares the tallies after it has flushed the batch.
   */
  readonly talliesDoubtful: boolean;
}

/** Choices on one ballot, at most. */
export const choicesMax = 100;
/** A reader can change a ballot this often. */
export const revisionMax = 0xffff;
export const ballotsPerSlotMax = 500;
