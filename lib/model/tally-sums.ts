/** Sums of ballots by poll and part. */
import type { TallyPart } from "./ids.ts";
import type { PollReference } from "./poll-key.ts";
import type { PollKind } from "./poll-rules.ts";
import { countsOf } from "./tally-parts.ts";

/** Ballots and votes of one poll, to be added; negative: to be subtracted. */
export interface TallyChange {
  readonly ballots: number;
  readonly votes: ReadonlyMap<TallyPart, number>;
}

/** The fields of a ballot that are counted. */
export interface CountableBallot extends PollReference {
  readonly kind: PollKind;
  readonly choices: Uint8Array;
}

/** What a ballot did to the tallies when it was enqueued. */
export interface TalliedBallot extends CountableBallot {
  readonly tallied: boolean;
  /** For a change: the choices that it replaced. */
  readonly replaced?: Uint8Array;
}

interface Sums {
  ballots: number;
  readonly votes: Map<TallyPart, number>;
}

/** `Poll`: how a poll is named, by its number in MySQL or by its poll key. */
export class SumsByPoll<Poll> {
  readonly #pollOf: (ballot: PollReference) => Poll;
  readonly #polls = new Map<Poll, Sums>();

  constructor(pollOf: (ballot: PollReference) => Poll) {
    this.#pollOf = pollOf;
  }

  /** Adds (with -1: subtracts) one ballot and its votes. */
  add(ballot: CountableBallot, sign: 1 | -1): void {
    const poll = this.#pollOf(ballot);
    let sums = this.#polls.get(poll);
    if (!sums) {
      sums = { ballots: 0, votes: new Map() };
      this.#polls.set(poll, sums);
    }
    // A withdrawal has no choices, and does not count as a ballot.
    if (ballot.choices.length > 0) sums.ballots += sign;
    for (const [part, by] of countsOf(ballot.kind, ballot.choices)) {
      sums.votes.set(part, (sums.votes.get(part) ?? 0) + sign * by);
    }
  }

  /** Adds (with -1: subtracts) what a ballot moved the tallies by when it was enqueued. */
  addMoved(ballot: TalliedBallot, sign: 1 | -1 = 1): void {
    if (!ballot.tallied) return;
    this.add(ballot, sign);
    const { replaced } = ballot;
    if (replaced?.length) this.add({ ...ballot, choices: replaced }, sign === 1 ? -1 : 1);
  }

  get byPoll(): ReadonlyMap<Poll, TallyChange> {
    return this.#polls;
  }
}
