/**
 * One round of the group commit through memcached. One packet carries the ballot-once marks of all its ballots and
 * the request for a slot number; then one slot takes the ballots whose marks were new.
 *
 * A ballot whose voter has a mark already is given back as `met_mark`; the group commit reads the mark. A change has moved
 * its mark before its round.
 *
 * Invariant: a ballot's outcome is `accepted` only after its slot is written and its epoch is still current.
 * Invariant: a ballot is accepted only if its poll was open at `receivedAtMs`, according to the publication that was
 *   current when the round started. So a poll that an editor closes is closed for every front at that moment.
 * Invariant: no lock is held while waiting for anything but memcached. What may need MySQL (a poll that memcached has
 *   forgotten, the direct commit) happens before the locks are taken or after they are released.
 */
import { monotonicMs } from "../base/clock.ts";
import { describeError, type Log } from "../base/log.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import type { AcceptedCount } from "../books/accepted-count.ts";
import type { Placement } from "../memcached/placement.ts";
import type { Ballot, Batch } from "../model/ballot.ts";
import type { Lane } from "../model/lane.ts";
import { isSamePoll } from "../model/poll-key.ts";
import { pollState } from "../model/poll-state.ts";
import type { PublishedPolls } from "../polls/published.ts";
import {
  type BatchIds,
  BatchWrite,
  type Enqueued,
  type NotEnqueued,
  type Targets,
} from "../queue/batch-write.ts";
import type { Kickstart } from "../queue/kickstart.ts";
import type { MemoryLimits } from "../queue/memory-limits.ts";
import type { ReplayRing } from "../queue/replay-ring.ts";
import { BatchMoves } from "../tallies/batch-moves.ts";
import type { StaleTallies } from "../tallies/stale-tallies.ts";
import { placeMarks } from "../voters/place-marks.ts";
import type { BallotOutcome } from "./ballot-outcome.ts";
import type { DirectCommit } from "./direct-commit.ts";
import { isFresh, type PendingBallot, takeBackMarksOf } from "./pending-ballot.ts";

export interface RoundDeps {
  readonly log: Log;
  readonly published: PublishedPolls;
  /** Where batches of each lane go. */
  readonly targets: Readonly<Record<Lane, Targets>>;
  readonly tallies: Placement;
  readonly ring: ReplayRing;
  readonly batchIds: BatchIds;
  readonly staleTallies: StaleTallies;
  readonly directCommit: DirectCommit;
  readonly kickstart: Kickstart;
  readonly acceptedCount: AcceptedCount;
  readonly memoryLimits: MemoryLimits;
}

/** `met_mark`: the voter has a mark, of this ballot or of another one; nothing was done. */
export type RoundResult = BallotOutcome | "met_mark";

export class QueueRound {
  readonly #deps: RoundDeps;
  readonly #refusalLogs = new TokenBucket(1);

  constructor(deps: RoundDeps) {
    this.#deps = deps;
  }

  /**
   * Runs one round, and resolves with the results of its ballots, in their order.
   *
   * @param untilMs - monotonic time after which no further attempt starts.
   */
  async run(
    lane: Lane,
    pending: readonly PendingBallot[],
    untilMs: number,
  ): Promise<readonly RoundResult[]> {
    const { targets, published, staleTallies } = this.#deps;
    await staleTallies.removeFromMemcached();
    const write = new BatchWrite(targets[lane]);
    // In the same turn of the event loop as the marks, so that one packet carries both.
    write.askForTickets();
    const confirmed = published.confirm();
    const results: (RoundResult | undefined)[] = new Array(pending.length);
    for (const index of await this.#placeMarks(pending)) results[index] = "met_mark";
    await confirmed;
    await this.#refuseOutdated(pending, results, write);
    const inBatch = indexesOf(pending, (_, index) => results[index] === undefined);
    const outcomes = await this.#enqueue(
      inBatch.map(index => pending[index] as PendingBallot),
      write,
      untilMs,
    );
    for (const [place, index] of inBatch.entries()) results[index] = outcomes[place];
    return results as RoundResult[];
  }

  /** Resolves with the indexes of the ballots whose voters have a mark. */
  async #placeMarks(pending: readonly PendingBallot[]): Promise<readonly number[]> {
    const { tallies } = this.#deps;
    const unmarked = indexesOf(pending, ({ marked }) => !marked);
    const ballots = unmarked.map(index => (pending[index] as PendingBallot).ballot);
    const met = await placeMarks(tallies, ballots);
    return [...met].map(place => unmarked[place] as number);
  }

  /**
   * Refuses the ballots whose polls were closed when they arrived, or have lost their slug to another poll, by a
   * publication that this process had not seen when it checked them. Takes back the marks of this round.
   */
  async #refuseOutdated(
    pending: readonly PendingBallot[],
    results: (RoundResult | undefined)[],
    write: BatchWrite,
  ): Promise<void> {
    const { published, tallies } = this.#deps;
    const { publication } = published;
    const outdated = indexesOf(pending, ({ ballot }) => ballot.publication !== publication);
    if (outdated.length === 0) return;
    await write.unlock();
    const slugs = [
      ...new Set(outdated.map(index => (pending[index] as PendingBallot).ballot.slug)),
    ];
    const read = slugs.map(async slug => [slug, await published.find(slug)] as const);
    const polls = new Map(await Promise.all(read));
    const marked: PendingBallot[] = [];
    for (const index of outdated) {
      const each = pending[index] as PendingBallot;
      const { slug, pollId: id, pollKey: key, receivedAtMs } = each.ballot;
      const poll = polls.get(slug);
      const isReplaced = poll && !isSamePoll(poll, { id, key });
      if (!isReplaced && poll && pollState(poll, receivedAtMs) === "open") continue;
      if (results[index] === undefined) marked.push(each);
      results[index] = { outcome: isReplaced ? "replaced" : "closed" };
    }
    await takeBackMarksOf(tallies, marked);
  }

  /** Writes the slot; an empty batch fills the slot number that was taken. Resolves with the ballots' outcomes. */
  async #enqueue(
    inBatch: readonly PendingBallot[],
    write: BatchWrite,
    untilMs: number,
  ): Promise<readonly BallotOutcome[]> {
    const { tallies, staleTallies, batchIds } = this.#deps;
    const ballots = inBatch.map(each =>
      isFresh(each) ? each.ballot : { ...each.ballot, tallied: false },
    );
    const batch: Batch = { id: batchIds.next(), ballots, talliesDoubtful: false };
    const moves = new BatchMoves(tallies, staleTallies, ballots);
    const written = await write.finish(batch, untilMs, moves);
    if (written.outcome === "enqueued") return this.#accepted(inBatch, ballots, written, moves);
    await moves.undo();
    if (inBatch.length === 0) return [];
    if (written.outcome === "unavailable" && monotonicMs() < untilMs) {
      const untallied = ballots.map(ballot => ({ ...ballot, tallied: false }));
      return this.#deps.directCommit.commit({ ...batch, ballots: untallied });
    }
    return this.#refused(inBatch, written);
  }

  #accepted(
    inBatch: readonly PendingBallot[],
    ballots: readonly Ballot[],
    { stored, bytes, receivedAtMs }: Enqueued,
    moves: BatchMoves,
  ): readonly BallotOutcome[] {
    const { ring, acceptedCount, kickstart } = this.#deps;
    for (const { producer, epoch, ticket } of stored) {
      ring.passed(producer, epoch, ticket.checkpoint);
    }
    if (inBatch.length === 0) return [];
    ring.remember(bytes, stored, receivedAtMs);
    acceptedCount.note(ballots);
    kickstart.send();
    return inBatch.map(({ ballot }) => ({
      outcome: "accepted",
      tally: moves.partialTally(ballot.pollKey),
    }));
  }

  async #refused(
    inBatch: readonly PendingBallot[],
    { outcome, mayBeIn, cause }: NotEnqueued,
  ): Promise<readonly BallotOutcome[]> {
    const { log, memoryLimits, tallies } = this.#deps;
    if (this.#refusalLogs.tryTake()) {
      log.warn({
        event: "ballots_refused",
        because: outcome,
        ballots: inBatch.length,
        mayBeIn,
        ...(cause !== undefined && describeError(cause)),
      });
    }
    if (outcome === "full") memoryLimits.noteFull();
    if (!mayBeIn) await takeBackMarksOf(tallies, inBatch);
    return inBatch.map(() => ({ outcome }));
  }
}

function indexesOf<T>(
  items: readonly T[],
  matches: (item: T, index: number) => boolean,
): readonly number[] {
  const indexes: number[] = [];
  for (const [index, item] of items.entries()) if (matches(item, index)) indexes.push(index);
  return indexes;
}
