/**
 * Group commit: ballots that arrive together travel together.
 *
 * A change moves its voter's mark first, outside any round. One of several concurrent changes succeeds; the others
 * are answered with the ballot that stands. Where memcached can't decide, MySQL does (`decide-in-mysql.ts`), in rounds of
 * their own, so that no other ballot waits for MySQL.
 *
 * Rounds run one at a time. A ballot waits for the next round if it arrives during one, or less than the linger time
 * after the last one started. A round carries ballots of one lane (`model/lane.ts`), through memcached
 * (`queue-round.ts`) or, while no queue server is up, by the direct commit (`direct-commit.ts`). A ballot that meets a
 * mark in its round has it read: the same ballot goes into another round (it is a retry, or its first attempt failed
 * half-way), a different one is refused.
 *
 * Invariant: every offered ballot has its outcome once. Rounds give outcomes back; only this class resolves promises.
 */

import { monotonicMs, sleep } from "../base/clock.ts";
import { describeError } from "../base/log.ts";
import { isMemcachedFailure } from "../memcached/failure.ts";
import { serversUp } from "../memcached/placement.ts";
import { ballotsPerSlotMax } from "../model/ballot.ts";
import { type Lane, lanes, type Relief } from "../model/lane.ts";
import { readMark } from "../voters/marks.ts";
import { moveMark } from "../voters/move-mark.ts";
import { type BallotOutcome, outcomeBeside, type Refusal } from "./ballot-outcome.ts";
import { DecideInMysql } from "./decide-in-mysql.ts";
import { allowancePauseMs } from "./direct-commit.ts";
import { type OfferedBallot, patienceMs, takeBackMarksOf } from "./pending-ballot.ts";
import { QueueRound, type RoundDeps, type RoundResult } from "./queue-round.ts";
import { type WaitingBallot, WaitingBallots } from "./waiting-ballots.ts";

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
  readonly #decideInMysql: DecideInMysql;
  readonly #waiting: WaitingBallots;
  /** Changes that MySQL must decide. */
  readonly #undecided: WaitingBallot[] = [];
  /** How many changes are moving their marks. */
  #movingMarks = 0;
  #unanswered = 0;
  #whenAnswered: (() => void)[] = [];
  #running: Promise<void> | undefined;
  #deciding: Promise<void> | undefined;

  constructor(deps: GroupCommitDeps) {
    this.#deps = deps;
    this.#queueRound = new QueueRound(deps);
    this.#decideInMysql = new DecideInMysql(deps);
    this.#waiting = new WaitingBallots(deps.relief);
  }

  /** How many ballots wait for a round, or move their marks before it. */
  get waiting(): number {
    return this.#waiting.count + this.#movingMarks;
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
  offer(ballot: OfferedBallot): Promise<BallotOutcome> {
    // Checked before a change moves its mark, so that a refused change leaves nothing behind.
    const refusal = this.#refusalFor(ballot.lane);
    if (refusal) return Promise.resolve({ outcome: refusal });
    this.#unanswered += 1;
    return new Promise(resolve => {
      const offeredAtMs = monotonicMs();
      const waiting = { ballot, offeredAtMs, marked: false, movedFrom: undefined, resolve };
      if (ballot.revision === 0) this.#enqueue(waiting);
      else void this.#moveMark(waiting);
    });
  }

  /** Resolves when every ballot offered so far has its outcome. */
  async allAnswered(): Promise<void> {
    if (this.#unanswered > 0) await new Promise<void>(done => this.#whenAnswered.push(done));
    while (this.#running !== undefined) await this.#running;
  }

  #settle({ resolve }: WaitingBallot, outcome: BallotOutcome): void {
    resolve(outcome);
    this.#unanswered -= 1;
    if (this.#unanswered === 0) for (const done of this.#whenAnswered.splice(0)) done();
  }

  #refusalFor(lane: Lane): Refusal | undefined {
    if (this.waiting >= waitingMax[lane]) return "overloaded";
    return this.#lanesWithoutMemory.includes(lane) ? "full" : undefined;
  }

  #enqueue(waiting: WaitingBallot): void {
    this.#waiting.add(waiting);
    this.#running ??= this.#run();
  }

  /** Moves the mark of a change's voter; enqueues the change if that succeeded. */
  async #moveMark(waiting: WaitingBallot): Promise<void> {
    const { ballot } = waiting;
    this.#movingMarks += 1;
    try {
      const moved = await moveMark(this.#deps.tallies, ballot);
      if (moved.move === "unknown") this.#leaveToMysql(waiting);
      else if (moved.move === "moved") {
        const { mark } = moved;
        const replacing = { ...ballot, replaced: mark.choices };
        this.#enqueue({ ...waiting, ballot: replacing, marked: true, movedFrom: mark });
      } else this.#settleBeside(waiting, moved.mark);
    } catch (error) {
      // The mark may have been moved. A retry of the same change finds out.
      if (!isMemcachedFailure(error)) {
        this.#deps.log.error({ event: "change_failed", ...describeError(error) });
      }
      this.#settle(waiting, { outcome: "unavailable" });
    } finally {
      this.#movingMarks -= 1;
    }
  }

  /** Reads the mark that a ballot has met. Never rejects. */
  async #readMetMark(waiting: WaitingBallot): Promise<void> {
    const { pollKey, voter } = waiting.ballot;
    try {
      this.#settleBeside(waiting, await readMark(this.#deps.tallies, pollKey, voter));
    } catch (error) {
      this.#deps.log.error({ event: "mark_not_read", ...describeError(error) });
      this.#settle(waiting, { outcome: "unavailable" });
    }
  }

  /**
   * Refuses a ballot beside another one that stands; a retry of the standing ballot goes into another round, and so does a
   * ballot whose mark is gone. (It has expired, was taken back, or its server is away: MySQL decides at the flush.)
   */
  #settleBeside(waiting: WaitingBallot, mark: WaitingBallot["movedFrom"]): void {
    const outcome = mark && outcomeBeside(mark, waiting.ballot);
    if (outcome) this.#settle(waiting, outcome);
    else this.#enqueue({ ...waiting, marked: true });
  }

  async #run(): Promise<void> {
    // Ballots of this turn of the event loop join the first round.
    await sleep(0);
    for (;;) {
      const startedMs = monotonicMs();
      await this.#giveUpOnOverdue();
      const direct = this.#isDirect;
      const lane = this.#waiting.nextLane();
      if (lane === undefined) break;
      const { allowance } = this.#deps.directCommit;
      const taken = this.#waiting.take(lane, direct ? allowance : ballotsPerSlotMax);
      if (taken.length > 0) await this.#round(lane, taken, direct);
      else await sleep(allowancePauseMs);
      const leftMs = this.#deps.lingerMs - (monotonicMs() - startedMs);
      if (this.waiting < ballotsPerSlotMax && leftMs > 0) await sleep(leftMs);
    }
    this.#running = undefined;
  }

  async #round(lane: Lane, taken: readonly WaitingBallot[], direct: boolean): Promise<void> {
    const results = await this.#resultsOf(taken, () =>
      direct
        ? this.#directRound(taken)
        : this.#queueRound.run(lane, taken, oldestOf(taken) + patienceMs),
    );
    for (const [index, waiting] of taken.entries()) {
      const result = results[index] as RoundResult;
      if (result === "met_mark") void this.#readMetMark(waiting);
      else this.#settle(waiting, result);
    }
  }

  /** The results of a round; one that fails half-way leaves its ballots unknown. */
  async #resultsOf(
    taken: readonly WaitingBallot[],
    round: () => Promise<readonly RoundResult[]>,
  ): Promise<readonly RoundResult[]> {
    try {
      return await this.#deps.tallies.hold(round);
    } catch (error) {
      this.#deps.log.error({ event: "round_failed", ...describeError(error) });
      return taken.map(() => ({ outcome: "unavailable" }));
    }
  }

  #directRound(taken: readonly WaitingBallot[]): Promise<readonly BallotOutcome[]> {
    const ballots = taken.map(({ ballot }) => ({ ...ballot, tallied: false }));
    const id = this.#deps.batchIds.next();
    return this.#deps.directCommit.commit({ id, ballots, talliesDoubtful: false });
  }

  /** Refuses ballots that have waited too long behind a stalled round. */
  async #giveUpOnOverdue(): Promise<void> {
    const overdue = this.#waiting.takeOfferedBefore(monotonicMs() - patienceMs);
    if (overdue.length === 0) return;
    // First ballots have no mark yet, so there is nothing to take back.
    const changes = overdue.filter(({ movedFrom }) => movedFrom !== undefined);
    await takeBackMarksOf(this.#deps.tallies, changes);
    for (const waiting of overdue) this.#settle(waiting, { outcome: "overloaded" });
  }

  /** Leaves a change to MySQL. */
  #leaveToMysql(waiting: WaitingBallot): void {
    if (!this.#decideInMysql.tryTake()) {
      this.#settle(waiting, { outcome: "overloaded" });
      return;
    }
    this.#undecided.push(waiting);
    this.#deciding ??= this.#runDecisions();
  }

  async #runDecisions(): Promise<void> {
    await sleep(0);
    while (this.#undecided.length > 0) {
      const oldest = monotonicMs() - patienceMs;
      const isOverdue = (next?: WaitingBallot) => next !== undefined && next.offeredAtMs < oldest;
      while (isOverdue(this.#undecided[0])) {
        this.#settle(this.#undecided.shift() as WaitingBallot, { outcome: "overloaded" });
      }
      const taken = this.#undecided.splice(0, this.#decideInMysql.allowance);
      if (taken.length > 0) await this.#decide(taken);
      else if (this.#undecided.length > 0) await sleep(allowancePauseMs);
    }
    this.#deciding = undefined;
  }

  async #decide(taken: readonly WaitingBallot[]): Promise<void> {
    const changes = taken.map(({ ballot }) => ballot);
    const results = await this.#resultsOf(taken, () => this.#decideInMysql.decide(changes));
    for (const [index, waiting] of taken.entries())
      this.#settle(waiting, results[index] as BallotOutcome);
  }
}

function oldestOf(taken: readonly WaitingBallot[]): number {
  let oldest = Number.POSITIVE_INFINITY;
  for (const { offeredAtMs } of taken) oldest = Math.min(oldest, offeredAtMs);
  return oldest;
}
