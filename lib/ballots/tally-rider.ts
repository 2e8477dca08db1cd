/**
 * The tallies of one batch, riding on the write that carries its slot (`queue/enqueue.ts`); those that
 * live on another server than the queue go before it, under the same lock.
 */
import type { PollId } from "../ids.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { Pipeline, type Replies } from "../memcached/pipeline.ts";
import type { Rider } from "../queue/enqueue.ts";
import type { QueuedBallot } from "../queue/slot-codec.ts";
import { glimpse, moveTally, type TallyGlimpse, tallyServer } from "../tallies/counters.ts";
import type { MissedMoves } from "../tallies/missed.ts";
import { SumsByPoll, type TallyChange } from "../tallies/sums.ts";

type Moves = ReturnType<typeof moveTally>;

export class TallyRider implements Rider {
  readonly #servers: readonly MemcachedClient[];
  readonly #changes: ReadonlyMap<PollId, TallyChange>;
  #riding: Moves[] = [];
  /** What the counters answered; polls with a missing counter are not in it. */
  readonly seen = new Map<PollId, TallyGlimpse>();

  constructor(servers: readonly MemcachedClient[], ballots: readonly QueuedBallot[]) {
    this.#servers = servers;
    this.#changes = changesOf(ballots);
  }

  async before(queueServer: MemcachedClient): Promise<void> {
    const elsewhere = new Set(this.#servers.filter(server => server !== queueServer));
    await Promise.all(
      [...elsewhere].map(async server => {
        const p = new Pipeline();
        const moves = this.#moves(p, server);
        if (moves.length > 0) this.#see(moves, await server.send(p));
      }),
    );
  }

  ride(p: Pipeline, queueServer: MemcachedClient): void {
    this.#riding = this.#moves(p, queueServer);
  }

  arrived(replies: Replies): void {
    this.#see(this.#riding, replies);
  }

  /** Takes the moves back: the batch did not get in after all. */
  get undo(): ReadonlyMap<PollId, TallyChange> {
    const negated = [...this.#changes]
      .filter(([poll]) => this.seen.has(poll))
      .map(([poll, { ballots, votes }]) => {
        const taken = new Map([...votes].map(([option, by]) => [option, -by]));
        return [poll, { ballots: -ballots, votes: taken }] as const;
      });
    return new Map(negated);
  }

  /** It may have arrived, or not: nothing can be said of the tallies. */
  doubt(missed: MissedMoves): void {
    for (const poll of this.#changes.keys()) missed.note(tallyServer(this.#servers, poll), [poll]);
  }

  #moves(p: Pipeline, server: MemcachedClient): Moves[] {
    return [...this.#changes]
      .filter(([poll]) => tallyServer(this.#servers, poll) === server)
      .map(([poll, change]) => moveTally(p, poll, change));
  }

  #see(moves: readonly Moves[], replies: Replies): void {
    for (const move of moves) {
      const answer = glimpse(move, replies);
      if (answer) this.seen.set(move.poll, answer);
    }
  }
}

function changesOf(ballots: readonly QueuedBallot[]): ReadonlyMap<PollId, TallyChange> {
  const sums = new SumsByPoll();
  for (const ballot of ballots) if (ballot.tallied) sums.add(ballot, 1);
  return sums.byPoll;
}
