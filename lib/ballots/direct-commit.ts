/**
 * The direct commit: batches go straight into MySQL while no queue server can take them, one transaction each,
 * behind a circuit breaker and a rate limit. Readers are answered by what MySQL has, so a voter's second ballot is
 * refused here, not only by the flush.
 *
 * Invariant: a batch keeps its id, so a batch that may also be in a queue is counted once.
 * Invariant: at most three transactions at a time: one round of ballots, one of changes that MySQL decides
 *   (`decide-in-mysql.ts`) and one replayed batch (`replay.ts`); and no more ballots a second than the rate limit, to
 *   spare the newsroom's database.
 */
import type { Clock } from "../base/clock.ts";
import { describeError, type Log } from "../base/log.ts";
import { retry } from "../base/retry.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import type { AcceptedCount } from "../books/accepted-count.ts";
import { commitDirectly, type DirectFate, type DirectOutcome } from "../flush/direct.ts";
import type { Placement } from "../memcached/placement.ts";
import { type Ballot, type Batch, ballotsPerSlotMax } from "../model/ballot.ts";
import { isContended, isStoreFailure } from "../store/failure.ts";
import type { StoreBreaker } from "../store/store-breaker.ts";
import { moveTallies } from "../tallies/counters.ts";
import type { StaleTallies } from "../tallies/stale-tallies.ts";
import { type BallotOutcome, outcomeBeside } from "./ballot-outcome.ts";

export interface DirectCommitDeps {
  readonly log: Log;
  readonly clock: Clock;
  readonly store: StoreBreaker;
  readonly tallies: Placement;
  readonly staleTallies: StaleTallies;
  readonly acceptedCount: AcceptedCount;
  readonly ballotsPerSecond: number;
}

/** Pause of a caller while there is no allowance. */
export const allowancePauseMs = 20;
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

  /** Writes a batch, and resolves with the outcomes of its ballots, in its order. Never rejects. */
  async commit(batch: Batch): Promise<readonly BallotOutcome[]> {
    const fates = await this.write(batch, false);
    const outcomes = batch.ballots.map((ballot, index): BallotOutcome => {
      const fate = fates?.[index];
      return fate ? outcomeOf(fate, ballot) : { outcome: "unavailable" };
    });
    this.#deps.acceptedCount.note(
      batch.ballots.filter((_, index) => outcomes[index]?.outcome === "accepted"),
    );
    return outcomes;
  }

  /**
   * Writes a batch and resolves with the fates of its ballots, in its order; `undefined` when MySQL did not say.
   *
   * @param accepted - its ballots have been acknowledged already.
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
      () => store.use(mysql => commitDirectly(mysql, batch, accepted, this.#deps.clock.nowMs())),
      contentionRetry,
    );
  }

  /** Corrects tallies on the servers that are up; on the others they are stale from now on. */
  async #correctTallies(corrections: Parameters<typeof moveTallies>[1]): Promise<void> {
    const failed = await moveTallies(this.#deps.tallies, corrections);
    for (const [server, polls] of failed) this.#deps.staleTallies.note(server, polls);
  }
}

function outcomeOf(fate: DirectFate, ballot: Ballot): BallotOutcome {
  if (fate === "refused") return { outcome: "closed" };
  const outcome = fate === "counted" ? undefined : outcomeBeside(fate.instead, ballot);
  return outcome ?? { outcome: "accepted", tally: undefined };
}
