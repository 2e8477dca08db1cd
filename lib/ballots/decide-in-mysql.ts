/**
 * Changes that memcached can't decide, because the voter's mark is missing, older than the ballot that the change
 * replaces, or on a server that is away. MySQL decides by the voter's row, through the direct commit
 * (`direct-commit.ts`).
 *
 * Invariant: MySQL's decision is marked before the change is answered; where the mark's server is away, the worker
 *   restores its marks later.
 * Invariant: a rate limit of its own and the direct commit's bound how much MySQL gets from invented changes.
 */
import { TokenBucket } from "../base/token-bucket.ts";
import type { Placement } from "../memcached/placement.ts";
import type { BatchIds } from "../queue/batch-write.ts";
import type { StaleTallies } from "../tallies/stale-tallies.ts";
import { type MarkedBallot, raiseMarks } from "../voters/marks.ts";
import type { BallotOutcome } from "./ballot-outcome.ts";
import type { DirectCommit } from "./direct-commit.ts";
import type { OfferedBallot } from "./pending-ballot.ts";

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

  constructor(deps: DecideInMysqlDeps) {
    this.#deps = deps;
  }

  /** Takes one decision of those that this second allows; false when there is none left. */
  tryTake(): boolean {
    return this.#limit.tryTake();
  }

  /** Changes that MySQL may decide now. */
  get allowance(): number {
    return this.#deps.directCommit.allowance;
  }

  /** Has MySQL decide on changes, and resolves with their outcomes. */
  async decide(changes: readonly OfferedBallot[]): Promise<readonly BallotOutcome[]> {
    const { directCommit, batchIds, tallies, staleTallies } = this.#deps;
    const ballots = changes.map(change => ({ ...change, tallied: false }));
    const batch = { id: batchIds.next(), ballots, talliesDoubtful: false };
    const outcomes = await directCommit.commit(batch);
    const standing = changes.flatMap((change, index) => standingAfter(change, outcomes[index]));
    for (const server of await raiseMarks(tallies, standing)) staleTallies.note(server, []);
    return outcomes;
  }
}

/** The voter's ballot in MySQL after the decision, if MySQL has said it. */
function standingAfter(change: OfferedBallot, outcome: BallotOutcome | undefined): MarkedBallot[] {
  if (outcome?.outcome === "accepted") return [change];
  return outcome && "mark" in outcome ? [{ ...change, ...outcome.mark }] : [];
}
