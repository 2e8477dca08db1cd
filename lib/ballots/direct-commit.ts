/**
 * The way for ballots when no queue server can take them: the same batches, straight into MySQL, one
 * transaction each, behind a circuit breaker and at a capped rate. Readers are told what MySQL says of
 * their ballots, which is more than the queue can say: nobody's second ballot is accepted here.
 *
 * Invariant: a batch keeps its id, so one that may also have got into a queue is counted once.
 * Invariant: at most one transaction at a time of ballots, one of undecided changes (`undecided.ts`) and one of
 *   replayed batches (`replay.ts`), and no more ballots a second than the cap: the newsroom's database has other
 *   things to do as well.
 */
import { wallMs } from "../base/clock.ts";
import { describeError, type Log } from "../base/log.ts";
import { retry } from "../base/retry.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import type { AcceptedCount } from "../books/accepted-count.ts";
import { commitDirectly, type DirectFate, type DirectOutcome } from "../flush/direct.ts";
import type { Placement } from "../memcached/placement.ts";
import { type Batch, ballotsPerSlotMax } from "../model/ballot.ts";
import { isContended, isStoreFailure } from "../store/database.ts";
import type { StoreBreaker } from "../store/store-breaker.ts";
import { moveTallies } from "../tallies/counters.ts";
import type { StaleTallies } from "../tallies/stale-tallies.ts";
import { type CommitOutcome, outcomeBeside, type PendingBallot } from "./pending-ballot.ts";

export interface DirectCommitDeps {
  readonly log: Log;
  readonly store: StoreBreaker;
  readonly tallies: Placement;
  readonly staleTallies: StaleTallies;
  readonly acceptedCount: AcceptedCount;
  readonly ballotsPerSecond: number;
}

/** After `withinMs`, treat the lock as stuck and let other batches proceed. */
const contentionRetry = { firstMs: 5, maxMs: 100, withinMs: 500, retryable: isContended };

export class DirectCommit {
  readonly #deps: DirectCommitDeps;
  readonly #warnings = new TokenBucket(1);
  readonly #ballots: TokenBucket;

  constructor(deps: DirectCommitDeps) {
    this.#deps = deps;
    this.#ballots = new TokenBucket(deps.ballotsPerSecond);
  }

  /** Ballots that may be written now: what the rate limit allows, and one batch at most. */
  get allowance(): number {
    return Math.min(ballotsPerSlotMax, this.#ballots.tokens);
  }

  /** Writes a batch and answers those who wait for its ballots, in the same order. Never rejects. */
  async commit(batch: Batch, entries: readonly PendingBallot[]): Promise<void> {
    const written = await this.write(batch, false);
    const answers = entries.map((entry, index): CommitOutcome => {
      const ballot = batch.ballots[index];
      const fate = ballot && written?.get(ballot);
      return fate ? outcomeOf(fate, entry) : { outcome: "unavailable" };
    });
    const accepted = answers.map(({ outcome }) => outcome === "accepted");
    this.#deps.acceptedCount.note(batch.ballots.filter((_, index) => accepted[index]));
    for (const [index, { answer }] of entries.entries()) answer(answers[index] as CommitOutcome);
  }

  /**
   * What became of the ballots of a batch; `undefined`: nothing can be said, and nothing promised.
   *
   * @param accepted - its voters were told so before.
   */
  async write(batch: Batch, accepted: boolean): Promise<DirectOutcome["fates"] | undefined> {
    this.#ballots.take(batch.ballots.length);
    try {
      const { fates, verdict } = await this.#write(batch, accepted);
      if (verdict) await this.#correctTallies(verdict.corrections);
      return fates;
    } catch (error) {
      if (!isStoreFailure(error) || this.#warnings.tryTake()) {
        const ballots = batch.ballots.length;
        this.#deps.log.warn({ event: "not_written_to_mysql", ballots, ...describeError(error) });
      }
      return undefined;
    }
  }

  #write(batch: Batch, accepted: boolean): Promise<DirectOutcome> {
    const { store } = this.#deps;
    return retry(
      () => store.use(mysql => commitDirectly(mysql, batch, accepted, wallMs())),
      contentionRetry,
    );
  }

  /** Tallies may be on servers that are there; where they are not, they have missed something. */
  async #correctTallies(corrections: Parameters<typeof moveTallies>[1]): Promise<void> {
    const failed = await moveTallies(this.#deps.tallies, corrections);
    for (const [server, polls] of failed) this.#deps.staleTallies.note(server, polls);
  }
}

function outcomeOf(fate: DirectFate, entry: PendingBallot): CommitOutcome {
  if (fate === "refused") return { outcome: "closed" };
  if (fate === "counted") return { outcome: "accepted", tally: undefined };
  return outcomeBeside(fate.instead, entry.ballot) ?? { outcome: "accepted", tally: undefined };
}
