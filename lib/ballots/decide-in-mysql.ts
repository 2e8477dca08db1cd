/**
 * Changes that memcached can't decide: their voter's mark is gone, or older than what they replace, or its
 * server is away. MySQL decides, by the row of the voter: the same batches and the same transaction as while
 * memcached is away (`fallback.ts`), in rounds of their own, so that no other ballot waits for MySQL.
 *
 * Invariant: what MySQL decided is marked before anybody is answered, as far as the mark's server is there; if it
 *   is not, the worker is told to put its marks back.
 * Invariant: so many a second at most, and the fallback's cap: nobody can send MySQL more with invented changes.
 */
import { monotonicMs, SECOND, sleep } from "../base/clock.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import type { BatchIds } from "../queue/batch-ids.ts";
import type { StaleTallies } from "../tallies/stale-tallies.ts";
import { raiseMarks } from "../voters/marks.ts";
import type { DirectCommit } from "./direct-commit.ts";
import type { CommitOutcome, PendingBallot } from "./pending-ballot.ts";

export interface DecideInMysqlDeps {
  readonly markServers: readonly MemcachedClient[];
  readonly batchIds: BatchIds;
  readonly staleTallies: StaleTallies;
  readonly directCommit: DirectCommit;
}

const decisionsPerSecondMax = 200;
/** Of the 3 s in which every request is answered. */
const patienceMs = 1.8 * SECOND;
const capPauseMs = 20;

export class DecideInMysql {
  readonly #deps: DecideInMysqlDeps;
  readonly #gate = new TokenBucket(decisionsPerSecondMax);
  #waiting: PendingBallot[] = [];
  #running: Promise<void> | undefined;

  constructor(deps: DecideInMysqlDeps) {
    this.#deps = deps;
  }

  /** Has MySQL decide on a change, and answers it. */
  decide(entry: PendingBallot): void {
    if (!this.#gate.tryTake()) {
      entry.answer({ outcome: "overloaded" });
      return;
    }
    this.#waiting.push({ ...entry, answer: outcome => void this.#answer(entry, outcome) });
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    const { directCommit: fallback, batchIds } = this.#deps;
    await sleep(0);
    while (this.#waiting.length > 0) {
      const oldest = monotonicMs() - patienceMs;
      while (this.#waiting[0] && this.#waiting[0].offeredAtMs < oldest) {
        this.#waiting.shift()?.answer({ outcome: "overloaded" });
      }
      const entries = this.#waiting.splice(0, fallback.allowance);
      const ballots = entries.map(({ ballot }) => ({ ...ballot, tallied: false }));
      const batch = { id: batchIds.next(), ballots, talliesDoubtful: false };
      if (entries.length > 0) await fallback.commit(batch, entries);
      else await sleep(capPauseMs);
    }
    this.#running = undefined;
  }

  async #answer({ ballot, answer }: PendingBallot, outcome: CommitOutcome): Promise<void> {
    const { markServers, staleTallies: missed } = this.#deps;
    const standing = outcome.outcome === "already_voted" ? { ...ballot, ...outcome.mark } : ballot;
    if (outcome.outcome === "accepted" || outcome.outcome === "already_voted") {
      for (const server of await raiseMarks(markServers, [standing])) missed.note(server, []);
    }
    answer(outcome);
  }
}
