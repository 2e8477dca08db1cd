/**
 * One round of the group commit through memcached: the ballot-once marks of all its ballots and the
 * ticket, in one packet; then one slot with those that got their mark.
 *
 * A ballot's way: *waiting* → marked → *enqueued* (answered), or its mark was there already: the mark is
 * read, outside the round, and the ballot either goes on without one (same ballot: a retry, or a first
 * try that failed half-way) or is refused.
 *
 * A change has moved its mark before it gets here (`group-commit.ts`).
 *
 * Invariant: a ballot is answered `accepted` only after its slot is written and its epoch still stands.
 * Invariant: a ballot is accepted only if its poll was open when it came, by what was published when its
 *   round began, whoever heard of it first: so a poll that an editor closes is closed at that moment for every front.
 * Invariant: no lock is held across a wait for anything but memcached: whatever may need MySQL (a poll that
 *   memcached has forgotten, the fallback) comes before the locks are taken, or after they were given back.
 */
import { monotonicMs } from "../base/clock.ts";
import { describeError, type Log } from "../base/log.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import type { AcceptedCount } from "../books/accepted-count.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import type { Placement } from "../memcached/placement.ts";
import type { Ballot, Batch } from "../model/ballot.ts";
import type { Lane } from "../model/lane.ts";
import { pollState } from "../model/poll-state.ts";
import type { PublishedPolls } from "../polls/published.ts";
import type { BatchIds } from "../queue/batch-ids.ts";
import { BatchWrite, type Enqueued, type NotEnqueued, type Targets } from "../queue/batch-write.ts";
import type { Kickstart } from "../queue/kickstart.ts";
import type { MemoryLimits } from "../queue/memory-limits.ts";
import type { ReplayRing } from "../queue/replay-ring.ts";
import { BatchMoves } from "../tallies/batch-moves.ts";
import type { StaleTallies } from "../tallies/stale-tallies.ts";
import { placeMarks, readMark, takeMarksBack } from "../voters/marks.ts";
import type { DirectCommit } from "./direct-commit.ts";
import { outcomeBeside, type PendingBallot, split } from "./pending-ballot.ts";

export interface RoundDeps {
  readonly log: Log;
  readonly published: PublishedPolls;
  /** Where batches of each lane go. */
  readonly targets: Readonly<Record<Lane, Targets>>;
  readonly markServers: readonly MemcachedClient[];
  readonly tallies: Placement;
  readonly ring: ReplayRing;
  readonly batchIds: BatchIds;
  readonly staleTallies: StaleTallies;
  readonly directCommit: DirectCommit;
  readonly kickstart: Kickstart;
  readonly acceptedCount: AcceptedCount;
  readonly memoryLimits: MemoryLimits;
}

export class QueueRound {
  readonly #deps: RoundDeps;
  readonly #again: (entry: PendingBallot) => void;
  readonly #refusals = new TokenBucket(1);

  /** @param again - takes a ballot that is to go into another round. */
  constructor(deps: RoundDeps, again: (entry: PendingBallot) => void) {
    this.#deps = deps;
    this.#again = again;
  }

  /**
   * Takes one round's ballots, and sees to it that each has an answer.
   *
   * @param untilMs - monotonic time after which nothing new is tried.
   */
  async run(lane: Lane, entries: readonly PendingBallot[], untilMs: number): Promise<void> {
    const { targets, markServers, tallies, batchIds, staleTallies: missed } = this.#deps;
    await missed.withdraw();
    // Its tickets are asked for in the same turn as the marks, so that both travel in one packet.
    const enqueueing = new BatchWrite(targets[lane]);
    const { published } = this.#deps;
    const confirmed = published.confirm();
    const unmarked = entries.filter(entry => !entry.marked).map(entry => entry.ballot);
    const taken = await placeMarks(markServers, unmarked);
    await confirmed;
    const { publication } = published;
    const doubtful = entries.filter(({ ballot }) => ballot.publication !== publication);
    if (doubtful.length > 0) await enqueueing.unlock();
    const closed = await this.#closedMeanwhile(doubtful);
    for (const entry of entries) {
      if (taken.has(entry.ballot) && !closed.has(entry)) void this.#readMark(entry);
    }
    const [closedWithMark, closedWithout] = split([...closed], ({ ballot }) => !taken.has(ballot));
    await this.refuse(closedWithMark, "closed");
    for (const { answer } of closedWithout) answer({ outcome: "closed" });

    const going = entries.filter(entry => !taken.has(entry.ballot) && !closed.has(entry));
    const ballots = going.map(entry =>
      isFresh(entry) ? entry.ballot : { ...entry.ballot, tallied: false },
    );
    // With nobody left to bring, the number that was taken still needs something in its slot.
    const batch: Batch = { id: batchIds.next(), ballots, talliesDoubtful: false };
    const moves = new BatchMoves(tallies, missed, ballots);
    const result = await enqueueing.finish(batch, untilMs, moves);
    if (result.outcome === "enqueued") this.#accepted(going, ballots, result, moves);
    else if (going.length > 0) await this.#notEnqueued(batch, going, result, moves, untilMs);
  }

  /**
   * Something was published since their polls were looked at: polls that were closed before these ballots came
   * must not take them, though this process did not know when it checked.
   */
  async #closedMeanwhile(entries: readonly PendingBallot[]): Promise<ReadonlySet<PendingBallot>> {
    const closed = new Set<PendingBallot>();
    for (const entry of entries) {
      const { slug, receivedAtMs } = entry.ballot;
      const poll = await this.#deps.published.find(slug);
      if (poll && pollState(poll, receivedAtMs) === "open") continue;
      closed.add(entry);
    }
    return closed;
  }

  #accepted(
    going: readonly PendingBallot[],
    ballots: readonly Ballot[],
    { places, bytes }: Enqueued,
    moves: BatchMoves,
  ) {
    const { ring } = this.#deps;
    for (const { producer, epoch, ticket } of places) {
      ring.passed(producer, epoch, ticket.checkpoint);
    }
    if (going.length === 0) return;
    ring.remember(bytes, places);
    this.#deps.acceptedCount.note(ballots);
    this.#deps.kickstart.send();
    for (const { ballot, answer } of going) {
      answer({ outcome: "accepted", tally: moves.seen(ballot.pollId) });
    }
  }

  async #notEnqueued(
    batch: Batch,
    going: readonly PendingBallot[],
    result: NotEnqueued,
    moves: BatchMoves,
    untilMs: number,
  ): Promise<void> {
    await moves.undo();
    if (result.outcome === "unavailable" && monotonicMs() < untilMs) {
      const ballots = batch.ballots.map(ballot => ({ ...ballot, tallied: false }));
      await this.#deps.directCommit.commit({ ...batch, ballots }, going);
      return;
    }
    this.#complain(going, result);
    if (result.outcome === "full") this.#deps.memoryLimits.noteFull();
    if (!result.mayBeIn) await this.refuse(going, result.outcome);
    else for (const { answer } of going) answer({ outcome: result.outcome });
  }

  /**
   * Answers ballots that are not taken, their marks being theirs. Those are taken back before: a reader who looks
   * again must not find what was refused.
   */
  async refuse(
    entries: readonly PendingBallot[],
    outcome: "closed" | "unavailable" | "full" | "overloaded",
  ): Promise<void> {
    const made = entries.filter(isFresh);
    const back = made.map(({ ballot, movedFrom }) => ({ ballot, before: movedFrom }));
    await takeMarksBack(this.#deps.markServers, back);
    for (const { answer } of entries) answer({ outcome });
  }

  #complain(going: readonly PendingBallot[], { outcome, cause, mayBeIn }: NotEnqueued): void {
    if (!this.#refusals.tryTake()) return;
    this.#deps.log.warn({
      event: "ballots_refused",
      because: outcome,
      ballots: going.length,
      mayBeIn,
      ...(cause !== undefined && describeError(cause)),
    });
  }

  /** A mark was in the way: read it, then go on or refuse. Never rejects. */
  async #readMark(entry: PendingBallot): Promise<void> {
    const { ballot, answer } = entry;
    try {
      const mark = await readMark(this.#deps.markServers, ballot.pollId, ballot.voter);
      const outcome = mark && outcomeBeside(mark, ballot);
      if (outcome) answer(outcome);
      // Without a mark it expired, or was withdrawn, or its server went away just now. MySQL has the last word.
      else this.#again({ ...entry, marked: true });
    } catch (error) {
      this.#deps.log.error({ event: "mark_not_read", ...describeError(error) });
      answer({ outcome: "unavailable" });
    }
  }
}

/** The first try of a ballot, as far as its mark tells; a later one must not move the tallies again. */
function isFresh({ marked, movedFrom }: PendingBallot): boolean {
  return !marked || movedFrom !== undefined;
}
