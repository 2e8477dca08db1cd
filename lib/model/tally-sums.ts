/** Adding ballots up, poll by poll and option by option. */
import type { PollId, TallyPart } from "./ids.ts";
import type { PollKind } from "./poll-rules.ts";
import { countsOf } from "./tally-parts.ts";

/** Ballots and votes of one poll, to be added (or, negative, to be taken off). */
export interface TallyChange {
  readonly ballots: number;
  readonly votes: ReadonlyMap<TallyPart, number>;
}

/** Of a ballot, what is counted. */
export interface CountableBallot {
  readonly pollId: PollId;
  readonly kind: PollKind;
  readonly choices: Uint8Array;
}

/** What a ballot did to the tallies when it was enqueued. */
export interface TalliedBallot extends CountableBallot {
  readonly tallied: boolean;
  /** Of a change: the choices that went. */
  readonly replaced?: Uint8Array;
}

interface Sums {
  ballots: number;
  readonly votes: Map<TallyPart, number>;
}

export class SumsByPoll {
  readonly #polls = new Map<PollId, Sums>();

  /** Adds (or, with -1, takes off) one ballot and its votes. */
  add(ballot: CountableBallot, sign: 1 | -1): void {
    let sums = this.#polls.get(ballot.pollId);
    if (!sums) {
      sums = { ballots: 0, votes: new Map() };
      this.#polls.set(ballot.pollId, sums);
    }
    // A withdrawn ballot has no choices, and is none.
    if (ballot.choices.length > 0) sums.ballots += sign;
    for (const [part, by] of countsOf(ballot.kind, ballot.choices)) {
      sums.votes.set(part, (sums.votes.get(part) ?? 0) + sign * by);
    }
  }

  /** Adds (or, with -1, takes off) what a ballot moved the tallies by when it was enqueued. */
  addMoved(ballot: TalliedBallot, sign: 1 | -1 = 1): void {
    if (!ballot.tallied) return;
    this.add(ballot, sign);
    const { pollId, kind, replaced } = ballot;
    if (replaced?.length) this.add({ pollId, kind, choices: replaced }, sign === 1 ? -1 : 1);
  }

  get byPoll(): ReadonlyMap<PollId, TallyChange> {
    return this.#polls;
  }
}
