/**
 * MySQL behind a circuit breaker (`base/circuit-breaker.ts`), for readers' requests while memcached is away. So a
 * MySQL that is stopped or cut off costs one deadline a second, not one for each request.
 *
 * A `mismatch` does not open the circuit: it is about one statement, and others succeed.
 */
import { CircuitBreaker } from "../base/circuit-breaker.ts";
import { SECOND } from "../base/clock.ts";
import { describeError, type Log } from "../base/log.ts";
import type { Store } from "./database.ts";
import { isStoreFailure, StoreFailure } from "./failure.ts";

export class StoreBreaker {
  readonly #store: Store;
  readonly #circuit: CircuitBreaker;
  #lastFailure: unknown;

  constructor(store: Store, log: Log) {
    this.#store = store;
    this.#circuit = new CircuitBreaker({
      trialPauseMs: SECOND,
      onAvailability: available => {
        if (available) log.info({ event: "mysql_back" });
        else log.warn({ event: "mysql_away", ...describeError(this.#lastFailure) });
      },
    });
  }

  /** False while calls are refused, but for one trial a second. */
  get available(): boolean {
    return this.#circuit.available;
  }

  /**
   * Runs `work`, or refuses at once while the circuit is open.
   *
   * @throws StoreFailure.
   */
  async use<T>(work: (store: Store) => Promise<T>): Promise<T> {
    if (!this.#circuit.tryPass()) {
      throw new StoreFailure("unavailable", "did not answer lately", undefined, undefined);
    }
    try {
      const result = await work(this.#store);
      this.#circuit.noteSuccess();
      return result;
    } catch (error) {
      const away = isStoreFailure(error, "unavailable") || isStoreFailure(error, "commit_unknown");
      this.#lastFailure = error;
      if (away) this.#circuit.noteFailure();
      else this.#circuit.noteSuccess();
      throw error;
    }
  }
}
