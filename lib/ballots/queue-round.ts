/**
 * One round of the group commit through memcached. One packet carries the ballot-once marks of all its ballots and
 * the request for a slot number; then one slot takes the ballots whose marks were new.
 *
 * A ballot is *pending* → *marked* → *enqueued* (answered). If its voter has a mark already, the mark is read outside
 * the round. The same ballot goes into another round (it is a retry, or its first attempt failed half-way); a
 * different ballot is refused.
 *
 * A change has moved its mark before its round (`group-commit.ts`).
 *
 * Invariant: a ballot is answered `accepted` only after its slot is written and its epoch is still current.
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
import { placeMarks, readMark, takeMarksBack } from "../voters/marks.ts";
import type { DirectCommit } from "./direct-commit.ts";
import { outcomeBeside, type PendingBallot, split } from "./pending-ballot.ts";

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

export class QueueRound {
  readonly #deps: RoundDeps;
  readonly #requeue: (pending: PendingBallot) => void;
  readonly #refusalLogs = new TokenBucket(1);

  /** @param requeue - puts a ballot into another round. */
  constructor(deps: RoundDeps, requeue: (pending: PendingBallot) => void) {
    this.#deps = deps;
    this.#requeue = requeue;
  }

  /**
   * Runs one round; every ballot gets an answer or goes into another round.
   *
   * @param untilMs - monotonic time after which no further attempt starts.
   */
  async run(lane: Lane, pendingBallots: readonly PendingBallot[], untilMs: number): Promise<void> {
    const { targets, tallies, batchIds, staleTallies } = this.#deps;
    await staleTallies.removeFromMemcached();
    // Requests slot numbers in the same turn of the event loop as the marks, so that one packet carries both.
    const enqueueing = new BatchWrite(targets[lane]);
    const { published } = this.#deps;
    const confirmed = published.confirm();
    const unmarked = pendingBallots
      .filter(pending => !pending.marked)
      .map(pending => pending.ballot);
    const alreadyMarked = await placeMarks(tallies, unmarked);
    await confirmed;
    const { publication } = published;
    const outdated = pendingBallots.filter(({ ballot }) => ballot.publication !== publication);
    if (outdated.length > 0) await enqueueing.unlock();
    const refused = await this.#refusedMeanwhile(outdated);
    for (const pending of pendingBallots) {
      if (alreadyMarked.has(pending.ballot) && !refused.has(pending)) void this.#readMark(pending);
    }
    const [withMark, withoutMark] = split(
      [...refused],
      ([{ ballot }]) => !alreadyMarked.has(ballot),
    );
    for (const outcome of ["closed", "replaced"] as const) {
      const marked = withMark.filter(([, why]) => why === outcome).map(([pending]) => pending);
      await this.refuse(marked, outcome);
    }
    for (const [{ answer }, outcome] of withoutMark) answer({ outcome });

    const inBatch = pendingBallots.filter(
      pending => !alreadyMarked.has(pending.ballot) && !refused.has(pending),
    );
    const ballots = inBatch.map(pending =>
      isFresh(pending) ? pending.ballot : { ...pending.ballot, tallied: false },
    );
    // An empty batch fills the slot number that was taken.
    const batch: Batch = { id: batchIds.next(), ballots, talliesDoubtful: false };
    const moves = new BatchMoves(tallies, staleTallies, ballots);
    const result = await enqueueing.finish(batch, untilMs, moves);
    if (result.outcome === "enqueued") this.#accepted(inBatch, ballots, result, moves);
    else if (inBatch.length > 0) await this.#notEnqueued(batch, inBatch, result, moves, untilMs);
  }

  /**
   * Those of the ballots whose polls were closed when they arrived, or have lost their slug to another poll, by a
   * publication that this process had not seen when it checked them.
   */
  async #refusedMeanwhile(
    pendingBallots: readonly PendingBallot[],
  ): Promise<ReadonlyMap<PendingBallot, "closed" | "replaced">> {
    const slugs = [...new Set(pendingBallots.map(({ ballot }) => ballot.slug))];
    const polls = new Map(
      await Promise.all(
        slugs.map(async slug => [slug, await this.#deps.published.find(slug)] as const),
      ),
    );
    const refused = new Map<PendingBallot, "closed" | "replaced">();
    for (const pending of pendingBallots) {
      const { slug, pollId: id, pollKey: key, receivedAtMs } = pending.ballot;
      const poll = polls.get(slug);
      if (poll && !isSamePoll(poll, { id, key })) refused.set(pending, "replaced");
      else if (!poll || pollState(poll, receivedAtMs) !== "open") refused.set(pending, "closed");
    }
    return refused;
  }

  #accepted(
    inBatch: readonly PendingBallot[],
    ballots: readonly Ballot[],
    { stored, bytes, receivedAtMs }: Enqueued,
    moves: BatchMoves,
  ) {
    const { ring } = this.#deps;
    for (const { producer, epoch, ticket } of stored) {
      ring.passed(producer, epoch, ticket.checkpoint);
    }
    if (inBatch.length === 0) return;
    ring.remember(bytes, stored, receivedAtMs);
    this.#deps.acceptedCount.note(ballots);
    this.#deps.kickstart.send();
    for (const { ballot, answer } of inBatch) {
      answer({ outcome: "accepted", tally: moves.partialTally(ballot.pollKey) });
    }
  }

  async #notEnqueued(
    batch: Batch,
    inBatch: readonly PendingBallot[],
    result: NotEnqueued,
    moves: BatchMoves,
    untilMs: number,
  ): Promise<void> {
    await moves.undo();
    if (result.outcome === "unavailable" && monotonicMs() < untilMs) {
      const ballots = batch.ballots.map(ballot => ({ ...ballot, tallied: false }));
      await this.#deps.directCommit.commit({ ...batch, ballots }, inBatch);
      return;
    }
    this.#logRefusal(inBatch, result);
    if (result.outcome === "full") this.#deps.memoryLimits.noteFull();
    if (!result.mayBeIn) await this.refuse(inBatch, result.outcome);
    else for (const { answer } of inBatch) answer({ outcome: result.outcome });
  }

  /**
   * Refuses ballots that have made or moved their marks. The marks are taken back first, so that a refused ballot
   * does not stand for its voter.
   */
  async refuse(
    pendingBallots: readonly PendingBallot[],
    outcome: "closed" | "replaced" | "unavailable" | "full" | "overloaded",
  ): Promise<void> {
    const made = pendingBallots.filter(isFresh);
    const back = made.map(({ ballot, movedFrom }) => ({ ballot, before: movedFrom }));
    await takeMarksBack(this.#deps.tallies, back);
    for (const { answer } of pendingBallots) answer({ outcome });
  }

  #logRefusal(inBatch: readonly PendingBallot[], { outcome, cause, mayBeIn }: NotEnqueued): void {
    if (!this.#refusalLogs.tryTake()) return;
    this.#deps.log.warn({
      event: "ballots_refused",
      because: outcome,
      ballots: inBatch.length,
      mayBeIn,
      ...(cause !== undefined && describeError(cause)),
    });
  }

  /** Reads the mark that a ballot has met, and requeues or answers the ballot. Never rejects. */
  async #readMark(pending: PendingBallot): Promise<void> {
    const { ballot, answer } = pending;
    try {
      const mark = await readMark(this.#deps.tallies, ballot.pollKey, ballot.voter);
      const outcome = mark && outcomeBeside(mark, ballot);
      if (outcome) answer(outcome);
      // No mark: it has expired, was taken back, or its server is away. MySQL decides at the flush.
      else this.#requeue({ ...pending, marked: true });
    } catch (error) {
      this.#deps.log.error({ event: "mark_not_read", ...describeError(error) });
      answer({ outcome: "unavailable" });
    }
  }
}

/** True for a ballot's first attempt, by its mark. A later attempt must not move the tallies again. */
function isFresh({ marked, movedFrom }: PendingBallot): boolean {
  return !marked || movedFrom !== undefined;
}
