/** A ballot on its way to MySQL, and the batch that it travels in. Pure. */
import type { BallotId, BatchId, PollId, VoterKey } from "./ids.ts";
import type { PollKind } from "./poll-rules.ts";

/** One ballot on its way to MySQL. */
export interface Ballot {
  readonly pollId: PollId;
  readonly voter: VoterKey;
  readonly ballotId: BallotId;
  /** When the front took it, by the front's wall clock. */
  readonly receivedAtMs: number;
  /** Of a voter's ballots the one with the highest stands; 0 is the first, each change is one more. */
  readonly revision: number;
  /**
   * Option numbers in the voter's order, one byte each; for a rating, each followed by its grade. None: the
   * voter withdraws.
   */
  readonly choices: Uint8Array;
  /** Of a change that is tallied: the choices that the tallies gave up for it. */
  readonly replaced?: Uint8Array;
  /** How they are to be read and counted: of its poll. */
  readonly kind: PollKind;
  /** The tallies went up for it when it was enqueued, so the flush must take it off a duplicate. */
  readonly tallied: boolean;
}

/** The ballots of one slot. An empty batch fills a number that its taker had no use for. */
export interface Batch {
  readonly id: BatchId;
  readonly ballots: readonly Ballot[];
  /**
   * The tallies may have been moved for these ballots more than once, or not at all: an earlier attempt
   * to write this batch got no answer. The worker compares them when it has flushed it.
   */
  readonly talliesDoubtful: boolean;
}

/** Choices on one ballot, at most. */
export const choicesMax = 100;
/** A reader can change a ballot this often. */
export const revisionMax = 0xffff;
export const ballotsPerSlotMax = 500;
