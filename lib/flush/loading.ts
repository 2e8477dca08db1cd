/**
 * Decides when ballots are loaded (`store/load-ballots.ts`) rather than inserted, and remembers what MySQL said to it.
 *
 * Loading is a matter of speed only. Whatever happens to a load, nothing of it stays, and the INSERTs follow.
 */
import { MINUTE, monotonicMs } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Database } from "../store/database.ts";
import { type BallotLoad, loadBallots, loadObstacle } from "../store/load-ballots.ts";

export interface LoadingOptions {
  /** Fewer rows are inserted: a savepoint and a check cost more than they save. */
  readonly rowsMin?: number;
  /** How long an answer about the server holds; an operator may change its settings, or another server take over. */
  readonly askAgainMs?: number;
}

/** After loads that were taken back, so many pieces of work are inserted at once. */
const skippedMax = 16;

export class Loading {
  readonly #log: Log;
  readonly #rowsMin: number;
  readonly #askAgainMs: number;
  /** Monotonic. */
  #askedMs = Number.NEGATIVE_INFINITY;
  #obstacle: string | undefined;
  #loggedObstacle: string | undefined;
  /** Pieces of work to insert before the next load. */
  #skip = 0;
  #skipNext = 1;

  constructor(log: Log, { rowsMin = 50, askAgainMs = 5 * MINUTE }: LoadingOptions = {}) {
    this.#log = log;
    this.#rowsMin = rowsMin;
    this.#askAgainMs = askAgainMs;
  }

  /**
   * Loads first ballots. False: nothing of them is inserted.
   *
   * @param prepare - called only when they are to be loaded.
   * @throws StoreFailure, as `loadBallots`.
   */
  async load(db: Database, rows: number, prepare: () => BallotLoad): Promise<boolean> {
    if (rows < this.#rowsMin) return false;
    if (this.#skip > 0) {
      this.#skip -= 1;
      return false;
    }
    if (monotonicMs() - this.#askedMs >= this.#askAgainMs) this.#note(await loadObstacle(db));
    if (this.#obstacle !== undefined) return false;
    const result = await loadBallots(db, prepare());
    if (result.outcome === "refused") this.#note(result.reason);
    if (result.outcome === "loaded") {
      this.#skipNext = 1;
      this.#loggedObstacle = undefined;
    }
    if (result.outcome === "not all new") {
      this.#skip = this.#skipNext;
      this.#skipNext = Math.min(skippedMax, this.#skipNext * 2);
    }
    return result.outcome === "loaded";
  }

  /** Each obstacle is logged once, until loads succeed again. */
  #note(obstacle: string | undefined): void {
    this.#askedMs = monotonicMs();
    this.#obstacle = obstacle;
    if (obstacle !== undefined && obstacle !== this.#loggedObstacle) {
      this.#log.info(
        { event: "ballots_not_loaded", reason: obstacle },
        "ballots are inserted: MySQL takes no LOAD DATA LOCAL",
      );
      this.#loggedObstacle = obstacle;
    }
  }
}
