/**
 * Group commit: ballots that arrive together travel together.
 *
 * A change moves its voter's mark first, outside any round. One of several concurrent changes succeeds; the others
 * are answered with the ballot that stands. Where memcached can't decide, MySQL does (`decide-in-mysql.ts`).
 *
 * Rounds run one at a time. A ballot waits for the next round if it arrives during one, or less than the linger time
 * after the last one started. A round carries ballots of one lane (`model/lane.ts`), through memcached
 * (`queue-round.ts`) or, while no queue server is up, by the direct commit (`direct-commit.ts`).
 *
 * Invariant: every offered ballot is answered.
 */

import { monotonicMs, sleep } from "../base/clock.ts";
import { describeError } from "../base/log.ts";
import { isMemcachedFailure } from "../memcached/failure.ts";
import { serversUp } from "../memcached/placement.ts";
import { ballotsPerSlotMax } from "../model/ballot.ts";
import { type Lane, lanes, pickLane, type Relief, sumWaiting } from "../model/lane.ts";
import { encodedBallotBytes, slotBytesMax } from "../queue/slot-codec.ts";
import { encodedPollBytes } from "../queue/slot-polls.ts";
import { moveMark } from "../voters/move-mark.ts";
import { DecideInMysql } from "./decide-in-mysql.ts";
import { allowancePauseMs } from "./direct-commit.ts";
import {
  type CommitOutcome,
  type OfferedBallot,
  outcomeBeside,
  type PendingBallot,
  patienceMs,
  split,
} from "./pending-ballot.ts";
import { QueueRound, type RoundDeps } from "./queue-round.ts";

export interface GroupCommitDeps extends RoundDeps {
  readonly lingerMs: number;
  readonly relief: Relief;
}

/**
 * A lane's ballots are refused while this many ballots of all lanes wait; lower lanes first. At 20,000 a second, 20,000
 * ballots wait one second.
 */
const waitingMax: Readonly<Record<Lane, number>> = { high: 20_000, normal: 16_000, low: 10_000 };

export class GroupCommit {
  readonly #deps: GroupCommitDeps;
  readonly #queueRound: QueueRound;
  readonly #waiting: Record<Lane, PendingBallot[]> = { high: [], normal: [], low: [] };
  readonly #decideInMysql: DecideInMysql;
  /** How many changes are moving their marks. */
  #movingMarks = 0;
  #unanswered = 0;
  #whenAnswered: (() => void)[] = [];
  #running: Promise<void> | undefined;

  constructor(deps: GroupCommitDeps) {
    this.#deps = deps;
    this.#queueRound = new QueueRound(deps, waiting => this.#enqueue(waiting));
    this.#decideInMysql = new DecideInMysql(deps);
  }

  /** How many ballots wait for a round, or move their marks before it. */
  get waiting(): number {
    return lanes.reduce((sum, lane) => sum + this.#waiting[lane].length, this.#movingMarks);
  }

  /** Lanes whose ballots are refused right now: too many ballots wait here, or the queue has no memory for them. */
  get lanesRefused(): readonly Lane[] {
    const { waiting } = this;
    const withoutMemory = this.#lanesWithoutMemory;
    return lanes.filter(lane => waiting >= waitingMax[lane] || withoutMemory.includes(lane));
  }

  /** None during the direct commit, which uses no queue memory. */
  get #lanesWithoutMemory(): readonly Lane[] {
    return this.#isDirect ? [] : this.#deps.memoryLimits.lanesRefused;
  }

  /** True while no queue server is up. */
  get #isDirect(): boolean {
    return serversUp(this.#deps.targets.normal.order).length === 0;
  }

  /** Takes a ballot and resolves with its outcome. Never rejects. */
  offer(ballot: OfferedBallot): Promise<CommitOutcome> {
    return new Promise(resolve => {
      const answer = this.#answering(resolve);
      const refusal = this.#refusalFor(ballot.lane);
      const pending = { ballot, offeredAtMs: monotonicMs(), marked: false, answer };
      // Checked before a change moves its mark, so that a refused change leaves nothing behind.
      if (refusal) answer({ outcome: refusal });
      else if (ballot.revision === 0) this.#enqueue(pending);
      else void this.#moveMark(pending);
    });
  }

  /** Resolves when every ballot offered so far is answered. */
  async allAnswered(): Promise<void> {
    if (this.#unanswered > 0) await new Promise<void>(done => this.#whenAnswered.push(done));
    while (this.#running !== undefined) await this.#running;
  }

  /**
   * An `answer` that resolves once, and keeps count of unanswered ballots. A round that fails half-way answers all its
   * ballots, although it may have answered some. The first answer counts: it may have reached the voter.
   */
  #answering(resolve: (outcome: CommitOutcome) => void): PendingBallot["answer"] {
    this.#unanswered += 1;
    let answered = false;
    return outcome => {
      if (answered) return;
      answered = true;
      resolve(outcome);
      this.#unanswered -= 1;
      if (this.#unanswered === 0) for (const done of this.#whenAnswered.splice(0)) done();
    };
  }

  #refusalFor(lane: Lane): "overloaded" | "full" | undefined {
    if (this.waiting >= waitingMax[lane]) return "overloaded";
    return this.#lanesWithoutMemory.includes(lane) ? "full" : undefined;
  }

  /** Moves the mark of a change's voter; enqueues the change if that succeeded. */
  async #moveMark(pending: PendingBallot): Promise<void> {
    const { ballot, answer } = pending;
    this.#movingMarks += 1;
    try {
      const moved = await moveMark(this.#deps.tallies, ballot);
      if (moved.move === "unknown") this.#decideInMysql.decide(pending);
      else if (moved.move === "moved") {
        const { mark } = moved;
        const replacing = { ...ballot, replaced: mark.choices };
        this.#enqueue({ ...pending, ballot: replacing, marked: true, movedFrom: mark });
      } else {
        const outcome = outcomeBeside(moved.mark, ballot);
        if (outcome) answer(outcome);
        else this.#enqueue({ ...pending, marked: true });
      }
    } catch (error) {
      // The mark may have been moved. A retry of the same change finds out.
      if (!isMemcachedFailure(error)) {
        this.#deps.log.error({ event: "change_failed", ...describeError(error) });
      }
      answer({ outcome: "unavailable" });
    } finally {
      this.#movingMarks -= 1;
    }
  }

  #enqueue(pending: PendingBallot): void {
    this.#waiting[pending.ballot.lane].push(pending);
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    // Ballots of this turn of the event loop join the first round.
    await sleep(0);
    for (;;) {
      const startedMs = monotonicMs();
      await this.#giveUpOnOverdue();
      const direct = this.#isDirect;
      const lane = this.#nextLane();
      if (lane === undefined) break;
      const { allowance } = this.#deps.directCommit;
      const pendingBallots = this.#take(lane, direct ? allowance : ballotsPerSlotMax);
      if (pendingBallots.length > 0) await this.#round(lane, pendingBallots, direct);
      else await sleep(allowancePauseMs);
      const leftMs = this.#deps.lingerMs - (monotonicMs() - startedMs);
      if (this.waiting < ballotsPerSlotMax && leftMs > 0) await sleep(leftMs);
    }
    this.#running = undefined;
  }

  /** The lane of the next round. Counts ballots, where the worker counts slots. */
  #nextLane(): Lane | undefined {
    const waiting = sumWaiting(
      lanes,
      lane => lane,
      lane => this.#waiting[lane].length,
    );
    return pickLane(waiting, this.#deps.relief);
  }

  async #round(
    lane: Lane,
    pendingBallots: readonly PendingBallot[],
    direct: boolean,
  ): Promise<void> {
    try {
      await this.#deps.tallies.hold(() =>
        direct
          ? this.#directRound(pendingBallots)
          : this.#queueRound.run(lane, pendingBallots, oldestOf(pendingBallots) + patienceMs),
      );
    } catch (error) {
      this.#deps.log.error({ event: "round_failed", ...describeError(error) });
      for (const { answer } of pendingBallots) answer({ outcome: "unavailable" });
    }
  }

  async #directRound(pendingBallots: readonly PendingBallot[]): Promise<void> {
    const ballots = pendingBallots.map(({ ballot }) => ({ ...ballot, tallied: false }));
    const id = this.#deps.batchIds.next();
    await this.#deps.directCommit.commit({ id, ballots, talliesDoubtful: false }, pendingBallots);
  }

  /** Answers ballots that have waited too long behind a stalled round. */
  async #giveUpOnOverdue(): Promise<void> {
    const oldest = monotonicMs() - patienceMs;
    for (const lane of lanes) {
      const isOverdue = ({ offeredAtMs }: PendingBallot) => offeredAtMs < oldest;
      if (!this.#waiting[lane].some(isOverdue)) continue;
      const overdue = this.#waiting[lane].filter(isOverdue);
      this.#waiting[lane] = this.#waiting[lane].filter(pending => !isOverdue(pending));
      // First ballots have no mark yet, so there is nothing to take back.
      const [changes, others] = split(overdue, ({ movedFrom }) => movedFrom !== undefined);
      for (const { answer } of others) answer({ outcome: "overloaded" });
      await this.#queueRound.refuse(changes, "overloaded");
    }
  }

  /** At most `countMax`, and as many as fit into one slot. */
  #take(lane: Lane, countMax: number): PendingBallot[] {
    let bytes = 1024;
    let count = 0;
    for (const { ballot } of this.#waiting[lane]) {
      bytes += encodedBallotBytes(ballot) + encodedPollBytes;
      if (bytes > slotBytesMax || count >= countMax) break;
      count += 1;
    }
    return this.#waiting[lane].splice(0, count);
  }
}

function oldestOf(pendingBallots: readonly PendingBallot[]): number {
  let oldest = Number.POSITIVE_INFINITY;
  for (const { offeredAtMs } of pendingBallots) oldest = Math.min(oldest, offeredAtMs);
  return oldest;
}
