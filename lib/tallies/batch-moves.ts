/**
 * The tally moves of one batch. On a server that stores the slot, the moves travel in the same write
 * (`queue/server-write.ts`); to servers that store no slot they are sent before it, under the same locks.
 *
 * Invariant: the moves are sent to each server once, whatever happens to the slot. The tallies of a server that did
 *   not answer are stale (`tallies/stale-tallies.ts`).
 */
import type { MemcachedClient } from "../memcached/client.ts";
import { orWhenMemcachedFails } from "../memcached/failure.ts";
import { Pipeline, type Replies } from "../memcached/pipeline.ts";
import type { Placement } from "../memcached/placement.ts";
import type { Ballot } from "../model/ballot.ts";
import type { PollKey } from "../model/ids.ts";
import { pollKeyOf } from "../model/poll-key.ts";
import { SumsByPoll, type TallyChange } from "../model/tally-sums.ts";
import { moveTally, type PartialTally, partialTallyFrom } from "./counters.ts";
import type { StaleTallies } from "./stale-tallies.ts";

type Moves = ReturnType<typeof moveTally>;
type Changes = ReadonlyMap<PollKey, TallyChange>;

export class BatchMoves {
  readonly #placement: Placement;
  readonly #staleTallies: StaleTallies;
  /** The moves that each server has not been sent yet. */
  readonly #due: Map<MemcachedClient, Map<PollKey, TallyChange>>;
  readonly #sent = new Map<MemcachedClient, Changes>();
  readonly #moves = new Map<MemcachedClient, Moves[]>();
  readonly #partialTallies = new Map<PollKey, PartialTally>();

  constructor(placement: Placement, staleTallies: StaleTallies, ballots: readonly Ballot[]) {
    this.#placement = placement;
    this.#staleTallies = staleTallies;
    this.#due = dueBy(placement, ballots);
  }

  /** Called under the locks, before the slots are written: sends the moves of the servers that carry no slot. */
  async sendElsewhere(withSlot: ReadonlySet<MemcachedClient>): Promise<void> {
    const elsewhere = [...this.#due.keys()].filter(server => !withSlot.has(server));
    if (elsewhere.length === 0) return;
    await Promise.all(elsewhere.map(server => this.#send(server)));
  }

  async #send(server: MemcachedClient): Promise<void> {
    const pipeline = new Pipeline();
    this.addTo(pipeline, server);
    const arrived = server.send(pipeline).then(replies => this.arrived(server, replies));
    await orWhenMemcachedFails(arrived, () => this.unanswered(server));
  }

  /** Adds the moves to the write that carries the slot, unless they were sent before. */
  addTo(pipeline: Pipeline, server: MemcachedClient): void {
    const due = this.#due.get(server);
    if (!due) return;
    this.#moves.set(
      server,
      [...due].map(([poll, change]) => moveTally(pipeline, poll, change)),
    );
  }

  /** Takes the replies to the moves that were added. */
  arrived(server: MemcachedClient, replies: Replies): void {
    const due = this.#due.get(server);
    if (!due) return;
    this.#due.delete(server);
    this.#sent.set(server, due);
    for (const move of this.#moves.get(server) ?? []) {
      const answer = partialTallyFrom(move, replies, server.name);
      if (answer && this.#isPreferred(move.poll, server))
        this.#partialTallies.set(move.poll, answer);
    }
  }

  /** The replies were lost: the counters on this server are stale. */
  unanswered(server: MemcachedClient): void {
    const due = this.#due.get(server);
    if (!due) return;
    this.#due.delete(server);
    this.#staleTallies.note(server, due.keys());
  }

  /** The counters of a poll, as the server answered from which its results are read. */
  partialTally(poll: PollKey): PartialTally | undefined {
    return this.#partialTallies.get(poll);
  }

  /** Takes the moves back: the batch was not stored after all. */
  async undo(): Promise<void> {
    await Promise.all(
      [...this.#sent].map(async ([server, changes]) => {
        const pipeline = new Pipeline();
        for (const [poll, change] of changes) moveTally(pipeline, poll, negated(change));
        const away = () => this.#staleTallies.note(server, changes.keys());
        await orWhenMemcachedFails(server.send(pipeline), away);
      }),
    );
  }

  /** Results are read from the first server that is up. */
  #isPreferred(poll: PollKey, server: MemcachedClient): boolean {
    return this.#placement.up(poll)[0] === server;
  }
}

function dueBy(placement: Placement, ballots: readonly Ballot[]) {
  const sums = new SumsByPoll(pollKeyOf);
  for (const ballot of ballots) sums.addMoved(ballot);
  const due = new Map<MemcachedClient, Map<PollKey, TallyChange>>();
  for (const [poll, change] of sums.byPoll) {
    for (const server of placement.of(poll)) {
      const changes = due.get(server) ?? new Map<PollKey, TallyChange>();
      due.set(server, changes.set(poll, change));
    }
  }
  return due;
}

function negated({ ballots, votes }: TallyChange): TallyChange {
  return {
    ballots: -ballots,
    votes: new Map([...votes].map(([part, by]) => [part, -by] as const)),
  };
}
