/**
 * Changes that memcached can't decide, because the voter's mark is missing, older than the ballot that the change
 * replaces, or on a server that is away. MySQL decides by the voter's row, through the direct commit
 * (`direct-commit.ts`), in rounds of their own, so that no other ballot waits for MySQL.
 *
 * Invariant: MySQL's decision is marked before the change is answered; where the mark's server is away, the worker
 *   restores its marks later.
 * Invariant: a rate limit of its own and the direct commit's bound how much MySQL gets from invented changes.
 */
import { monotonicMs, sleep } from "../base/clock.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import type { Placement } from "../memcached/placement.ts";
import type { BatchIds } from "../queue/batch-write.ts";
import type { StaleTallies } from "../tallies/stale-tallies.ts";
import { raiseMarks } from "../voters/marks.ts";
import { allowancePauseMs, type DirectCommit } from "./direct-commit.ts";
import { type CommitOutcome, type PendingBallot, patienceMs } from "./pending-ballot.ts";

export interface DecideInMysqlDeps {
  readonly tallies: Placement;
  readonly batchIds: BatchIds;
  readonly staleTallies: StaleTallies;
  readonly directCommit: DirectCommit;
}

const decisionsPerSecondMax = 200;

export class DecideInMysql {
  readonly #deps: DecideInMysqlDeps;
  readonly #limit = new TokenBucket(decisionsPerSecondMax);
  #pending: PendingBallot[] = [];
  #running: Promise<void> | undefined;

  constructor(deps: DecideInMysqlDeps) {
    this.#deps = deps;
  }

  /** Has MySQL decide on a change, and answers it. */
  decide(pending: PendingBallot): void {
    if (!this.#limit.tryTake()) {
      pending.answer({ outcome: "overloaded" });
      return;
    }
    this.#pending.push({ ...pending, answer: outcome => void this.#answer(pending, outcome) });
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    const { directCommit, batchIds } = this.#deps;
    await sleep(0);
    while (this.#pending.length > 0) {
      const oldest = monotonicMs() - patienceMs;
      while (this.#pending[0] && this.#pending[0].offeredAtMs < oldest) {
        this.#pending.shift()?.answer({ outcome: "overloaded" });
      }
      const pendingBallots = this.#pending.splice(0, directCommit.allowance);
      const ballots = pendingBallots.map(({ ballot }) => ({ ...ballot, tallied: false }));
      const batch = { id: batchIds.next(), ballots, talliesDoubtful: false };
      if (pendingBallots.length > 0) await directCommit.commit(batch, pendingBallots);
      else await sleep(allowancePauseMs);
    }
    this.#running = undefined;
  }

  async #answer({ ballot, answer }: PendingBallot, outcome: CommitOutcome): Promise<void> {
    const { tallies, staleTallies } = this.#deps;
    const standing = outcome.outcome === "already_voted" ? { ...ballot, ...outcome.mark } : ballot;
    if (outcome.outcome === "accepted" || outcome.outcome === "already_voted") {
      for (const server of await raiseMarks(tallies, [standing])) staleTallies.note(server, []);
    }
    answer(outcome);
  }
}
