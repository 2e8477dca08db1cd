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

  /** Runs `work`, which answers a vote that was received at `receivedAtMs`. */
  async during<T>(receivedAtMs: number, work: () => Promise<T>): Promise<T> {
    const vote = { receivedAtMs };
    this.#votes.add(vote);
    try {
      return await work();
    } finally {
      this.#votes.delete(vote);
    }
  }
}
