/**
 * Group commit: ballots that arrive together travel together.
 *
 * Rounds follow each other, one at a time. A ballot that arrives while a round is under way, or less
 * than a linger after the last one began, waits for the next. A round goes through memcached
 * (`queue-round.ts`), or, while no queue server is there, straight into MySQL (`fallback.ts`).
 *
 * Invariant: every ballot that is offered is answered.
 */
import { monotonicMs, SECOND, sleep } from "../clock.ts";
import { describeError } from "../log.ts";
import { ballotsPerSlotMax, encodedBallotBytes, slotBytesMax } from "../queue/slot-codec.ts";
import type { CommitOutcome, OfferedBallot, Waiting } from "./offered.ts";
import { QueueRound, type RoundDeps } from "./queue-round.ts";

export interface GroupCommitDeps extends RoundDeps {
  readonly lingerMs: number;
}

/** More than this are not kept waiting: at 20,000 a second, a wait of one second. */
const waitingMax = 20_000;
/** Of the 3 s in which every request is answered: after this, nothing new is tried for a ballot. */
const patienceMs = 1.8 * SECOND;
/** Between two looks at what the cap of the fallback lets through. */
const capPauseMs = 20;

export class GroupCommit {
  readonly #deps: GroupCommitDeps;
  readonly #queueRound: QueueRound;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(deps: GroupCommitDeps) {
    this.#deps = deps;
    this.#queueRound = new QueueRound(deps, entry => this.#enter(entry));
  }

  /** Ballots that wait for a round. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Puts a ballot on its way. Never rejects. */
  offer(ballot: OfferedBallot): Promise<CommitOutcome> {
    return new Promise(answer => {
      this.#enter({ ballot, offeredAtMs: monotonicMs(), marked: false, answer });
    });
  }

  /** Resolves when every ballot offered so far has its answer. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  #enter(entry: Waiting): void {
    if (this.#waiting.length >= waitingMax) {
      entry.answer({ outcome: "overloaded" });
      return;
    }
    this.#waiting.push(entry);
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    // Lets everything that this turn of the event loop brings join the first round.
    await sleep(0);
    while (this.#waiting.length > 0) {
      const startedMs = monotonicMs();
      this.#giveUpOnOverdue();
      const direct = !this.#deps.targets.order.some(({ available }) => available);
      const entries = this.#take(direct ? this.#deps.fallback.allowance : ballotsPerSlotMax);
      if (entries.length > 0) await this.#round(entries, direct);
      else if (this.#waiting.length > 0) await sleep(capPauseMs);
      const leftMs = this.#deps.lingerMs - (monotonicMs() - startedMs);
      if (this.#waiting.length < ballotsPerSlotMax && leftMs > 0) await sleep(leftMs);
    }
    this.#running = undefined;
  }

  async #round(entries: readonly Waiting[], direct: boolean): Promise<void> {
    try {
      if (direct) await this.#directRound(entries);
      else await this.#queueRound.run(entries, oldestOf(entries) + patienceMs);
    } catch (error) {
      this.#deps.log.error({ event: "round_failed", ...describeError(error) });
      for (const { answer } of entries) answer({ outcome: "unavailable" });
    }
  }

  async #directRound(entries: readonly Waiting[]): Promise<void> {
    const ballots = entries.map(({ ballot }) => ({ ...ballot, tallied: false }));
    const id = this.#deps.batchIds.next();
    await this.#deps.fallback.commit({ id, ballots, talliesDoubtful: false }, entries);
  }

  /** Ballots that waited behind a round that stood still: their readers shall hear something. */
  #giveUpOnOverdue(): void {
    const oldest = monotonicMs() - patienceMs;
    while (this.#waiting[0] && this.#waiting[0].offeredAtMs < oldest) {
      this.#waiting.shift()?.answer({ outcome: "overloaded" });
    }
  }

  /** At most `countMax`, and as many as fit into one slot. */
  #take(countMax: number): Waiting[] {
    let bytes = 1024;
    let count = 0;
    for (const { ballot } of this.#waiting) {
      bytes += encodedBallotBytes(ballot);
      if (bytes > slotBytesMax || count >= countMax) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }
}

function oldestOf(entries: readonly Waiting[]): number {
  let oldest = Number.POSITIVE_INFINITY;
  for (const { offeredAtMs } of entries) oldest = Math.min(oldest, offeredAtMs);
  return oldest;
}
