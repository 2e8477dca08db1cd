/**
 * MySQL behind a circuit breaker: for what readers' requests ask of it, and only while memcached is away.
 *
 * States: *closed* (calls pass) → *open* (a call found MySQL away: calls fail at once) → after a pause one
 * call is let through as a trial, and its answer decides. So a MySQL that is stopped, cut off or gone costs
 * one deadline in a while, not one for each request.
 *
 * Source: the circuit breaker of Nygard, "Release It!".
 */
import { monotonicMs, SECOND } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { isStoreFailure, type Store, StoreFailure } from "./database.ts";

const trialPauseMs = SECOND;

export class CircuitBreaker {
  readonly #store: Store;
  readonly #log: Log;
  #open = false;
  #trialAtMs = 0;

  constructor(store: Store, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** False once MySQL was found away, until a call went through again. */
  get available(): boolean {
    return !this.#open;
  }

  /**
   * Runs `work`, or refuses at once while the circuit is open.
   *
   * @throws StoreFailure.
   */
  async use<T>(work: (store: Store) => Promise<T>): Promise<T> {
    const now = monotonicMs();
    if (this.#open && now < this.#trialAtMs) {
      throw new StoreFailure("unavailable", "did not answer lately", undefined, undefined);
    }
    this.#trialAtMs = now + trialPauseMs;
    try {
      const result = await work(this.#store);
      this.#set(false);
      return result;
    } catch (error) {
      this.#set(isStoreFailure(error, "unavailable") || isStoreFailure(error, "commit_unknown"));
      throw error;
    }
  }

  #set(open: boolean): void {
    if (open) this.#trialAtMs = monotonicMs() + trialPauseMs;
    if (open === this.#open) return;
    this.#open = open;
    if (open) this.#log.warn({ event: "mysql_away" });
    else this.#log.info({ event: "mysql_back" });
  }
}
