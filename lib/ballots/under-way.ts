/** Votes that a front is working on: received, and not answered yet. */

/** One vote. */
interface Vote {
  readonly receivedAtMs: number;
}

export class VotesUnderWay {
  readonly #votes = new Set<Vote>();

  /** When the oldest of them was received; infinite when there is none. */
  get oldestMs(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { receivedAtMs } of this.#votes) oldest = Math.min(oldest, receivedAtMs);
    return oldest;
  }

  /** Notes a vote; `end` is called with what this returns. */
  begin(receivedAtMs: number): Vote {
    const vote = { receivedAtMs };
    this.#votes.add(vote);
    return vote;
  }

  end(vote: Vote): void {
    this.#votes.delete(vote);
  }
}
