/** Adding ballots up, poll by poll and option by option. */
import type { OptionNumber, PollId } from "../ids.ts";

/** Ballots and votes of one poll, to be added (or, negative, to be taken off). */
export interface TallyChange {
  readonly ballots: number;
  readonly votes: ReadonlyMap<OptionNumber, number>;
}

interface Sums {
  ballots: number;
  readonly votes: Map<OptionNumber, number>;
}

export class SumsByPoll {
  readonly #polls = new Map<PollId, Sums>();

  /** Adds (or, with -1, takes off) one ballot and its votes. */
  add(ballot: { readonly pollId: PollId; readonly choices: Uint8Array }, sign: 1 | -1): void {
    let sums = this.#polls.get(ballot.pollId);
    if (!sums) {
      sums = { ballots: 0, votes: new Map() };
      this.#polls.set(ballot.pollId, sums);
    }
    sums.ballots += sign;
    for (const choice of ballot.choices) {
      const option = choice as OptionNumber;
      sums.votes.set(option, (sums.votes.get(option) ?? 0) + sign);
    }
  }

  get byPoll(): ReadonlyMap<PollId, TallyChange> {
    return this.#polls;
  }
}
