/**
 * Group commit: ballots that arrive together travel together.
 *
 * A change has to move its voter's mark first, outside of any round: of several changes of one ballot one goes
 * on, the others are told what stands. Where memcached can't say, MySQL does (`undecided.ts`).
 *
 * Rounds follow each other, one at a time. A ballot that arrives while a round is under way, or less
 * than a linger after the last one began, waits for the next. A round carries ballots of one lane, the one
 * that is next (`model/pick-lane.ts`), through memcached (`queue-round.ts`) or, while no queue server is there,
 * straight into MySQL (`fallback.ts`).
 *
 * Invariant: every ballot that is offered is answered.
 */
import { monotonicMs, SECOND, sleep } from "../base/clock.ts";
import { describeError } from "../base/log.ts";
import { isMemcachedFailure } from "../memcached/failure.ts";
import { ballotsPerSlotMax } from "../model/ballot.ts";
import { type Lane, lanes } from "../model/lane.ts";
import { pickLane, type Relief, sumWaiting } from "../model/pick-lane.ts";
import { encodedBallotBytes, slotBytesMax } from "../queue/slot-codec.ts";
import { moveMark } from "../voters/marks.ts";
import { DecideInMysql } from "./decide-in-mysql.ts";
import {
  type CommitOutcome,
  type OfferedBallot,
  outcomeBeside,
  type PendingBallot,
  split,
} from "./pending-ballot.ts";
import { QueueRound, type RoundDeps } from "./queue-round.ts";

export interface GroupCommitDeps extends RoundDeps {
  readonly lingerMs: number;
  readonly relief: Relief;
}

/**
 * With so many waiting, of all lanes together, a lane's further ballots are refused: the lowest first. At 20,000 a
 * second, 20,000 are a wait of one second.
 */
const waitingMax: Readonly<Record<Lane, number>> = { high: 20_000, normal: 16_000, low: 10_000 };
/** Of the 3 s in which every request is answered: after this, nothing new is tried for a ballot. */
const patienceMs = 1.8 * SECOND;
/** Between two looks at what the cap of the fallback lets through. */
const capPauseMs = 20;

export class GroupCommit {
  readonly #deps: GroupCommitDeps;
  readonly #queueRound: QueueRound;
  readonly #waiting: Record<Lane, PendingBallot[]> = { high: [], normal: [], low: [] };
  readonly #undecided: DecideInMysql;
  /** Changes whose marks are being moved. */
  #moving = 0;
  #unanswered = 0;
  #whenAnswered: (() => void)[] = [];
  #running: Promise<void> | undefined;

  constructor(deps: GroupCommitDeps) {
    this.#deps = deps;
    this.#queueRound = new QueueRound(deps, waiting => this.#enter(waiting));
    this.#undecided = new DecideInMysql(deps);
  }

  /** Ballots that wait for a round, or are on their way there. */
  get waiting(): number {
    return lanes.reduce((sum, lane) => sum + this.#waiting[lane].length, this.#moving);
  }

  /** Lanes whose ballots are refused right now: too many wait here, or the queue has no room for them. */
  get lanesRefused(): readonly Lane[] {
    const { waiting } = this;
    const withoutRoom = this.#lanesWithoutRoom;
    return lanes.filter(lane => waiting >= waitingMax[lane] || withoutRoom.includes(lane));
  }

  /** A server that is away has no room to speak of: ballots go straight into MySQL. */
  get #lanesWithoutRoom(): readonly Lane[] {
    return this.#isDirect ? [] : this.#deps.memoryLimits.lanesRefused;
  }

  /** No queue server is there. */
  get #isDirect(): boolean {
    return !this.#deps.targets.normal.order.some(({ available }) => available);
  }

  /** Puts a ballot on its way. Never rejects. */
  offer(ballot: OfferedBallot): Promise<CommitOutcome> {
    return new Promise(resolve => {
      const answer = this.#answering(resolve);
      const refusal = this.#refusalFor(ballot.lane);
      const entry = { ballot, offeredAtMs: monotonicMs(), marked: false, answer };
      // Before a change moves its mark: what is refused leaves nothing behind.
      if (refusal) answer({ outcome: refusal });
      else if (ballot.revision === 0) this.#enter(entry);
      else void this.#moveMark(entry);
    });
  }

  /** Resolves when every ballot offered so far has its answer. */
  async settled(): Promise<void> {
    if (this.#unanswered > 0) await new Promise<void>(done => this.#whenAnswered.push(done));
    while (this.#running !== undefined) await this.#running;
  }

  /** Passes the first answer on, and counts it. */
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
    return this.#lanesWithoutRoom.includes(lane) ? "full" : undefined;
  }

  /** Moves the mark of a change's voter, and sends it on its way if it is the one that did. */
  async #moveMark(entry: PendingBallot): Promise<void> {
    const { ballot, answer } = entry;
    this.#moving += 1;
    try {
      const moved = await moveMark(this.#deps.markServers, ballot);
      if (moved.move === "unknown") this.#undecided.decide(entry);
      else if (moved.move === "moved") {
        const { mark } = moved;
        const replacing = { ...ballot, replaced: mark.choices };
        this.#enter({ ...entry, ballot: replacing, marked: true, movedFrom: mark });
      } else {
        const outcome = outcomeBeside(moved.mark, ballot);
        if (outcome) answer(outcome);
        else this.#enter({ ...entry, marked: true });
      }
    } catch (error) {
      // It may have been moved: the same change again will tell.
      if (!isMemcachedFailure(error)) {
        this.#deps.log.error({ event: "change_failed", ...describeError(error) });
      }
      answer({ outcome: "unavailable" });
    } finally {
      this.#moving -= 1;
    }
  }

  #enter(entry: PendingBallot): void {
    this.#waiting[entry.ballot.lane].push(entry);
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    // Lets everything that this turn of the event loop brings join the first round.
    await sleep(0);
    for (;;) {
      const startedMs = monotonicMs();
      await this.#giveUpOnOverdue();
      const direct = this.#isDirect;
      const lane = this.#nextLane();
      if (lane === undefined) break;
      const { allowance } = this.#deps.directCommit;
      const entries = this.#take(lane, direct ? allowance : ballotsPerSlotMax);
      if (entries.length > 0) await this.#round(lane, entries, direct);
      else await sleep(capPauseMs);
      const leftMs = this.#deps.lingerMs - (monotonicMs() - startedMs);
      if (this.waiting < ballotsPerSlotMax && leftMs > 0) await sleep(leftMs);
    }
    this.#running = undefined;
  }

  /** In ballots here, as in slots at the worker. */
  #nextLane(): Lane | undefined {
    const waiting = sumWaiting(
      lanes,
      lane => lane,
      lane => this.#waiting[lane].length,
    );
    return pickLane(waiting, this.#deps.relief);
  }

  async #round(lane: Lane, entries: readonly PendingBallot[], direct: boolean): Promise<void> {
    try {
      if (direct) await this.#directRound(entries);
      else await this.#queueRound.run(lane, entries, oldestOf(entries) + patienceMs);
    } catch (error) {
      this.#deps.log.error({ event: "round_failed", ...describeError(error) });
      for (const { answer } of entries) answer({ outcome: "unavailable" });
    }
  }

  async #directRound(entries: readonly PendingBallot[]): Promise<void> {
    const ballots = entries.map(({ ballot }) => ({ ...ballot, tallied: false }));
    const id = this.#deps.batchIds.next();
    await this.#deps.directCommit.commit({ id, ballots, talliesDoubtful: false }, entries);
  }

  /** Ballots that waited behind a round that stood still: their readers shall hear something. */
  async #giveUpOnOverdue(): Promise<void> {
    const oldest = monotonicMs() - patienceMs;
    for (const lane of lanes) {
      const isOverdue = ({ offeredAtMs }: PendingBallot) => offeredAtMs < oldest;
      if (!this.#waiting[lane].some(isOverdue)) continue;
      const overdue = this.#waiting[lane].filter(isOverdue);
      this.#waiting[lane] = this.#waiting[lane].filter(entry => !isOverdue(entry));
      // Of first ballots none has been in a round that made its mark.
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
      bytes += encodedBallotBytes(ballot);
      if (bytes > slotBytesMax || count >= countMax) break;
      count += 1;
    }
    return this.#waiting[lane].splice(0, count);
  }
}

function oldestOf(entries: readonly PendingBallot[]): number {
  let oldest = Number.POSITIVE_INFINITY;
  for (const { offeredAtMs } of entries) oldest = Math.min(oldest, offeredAtMs);
  return oldest;
}
