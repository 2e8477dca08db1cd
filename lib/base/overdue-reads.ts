/**
 * Single-flight reads of a slow source, for a cache that has an older value: a caller waits for a moment only, and
 * then uses the older value while the read goes on beside.
 */
import { sleep } from "./clock.ts";
import { SingleFlight } from "./single-flight.ts";

export class OverdueReads<Key, Value> {
  readonly #flights = new SingleFlight<Key, Value>();
  /** Reads under way that kept a caller waiting for the whole of its time. */
  readonly #overdue = new Set<Promise<Value>>();

  /** True while a read is under way that some caller has stopped waiting for. */
  get anyOverdue(): boolean {
    return this.#overdue.size > 0;
  }

  /** Joins the read under way for `key`, or starts `work`, and waits for its end. Rejects as the read does. */
  run(key: Key, work: () => Promise<Value>): Promise<Value> {
    return this.#flights.run(key, work);
  }

  /**
   * The same, but `undefined` when the read takes longer than `msMax`, or did so for an earlier caller. A read that
   * fails later fails nobody.
   */
  async soon(key: Key, work: () => Promise<Value>, msMax: number): Promise<Value | undefined> {
    const read = this.#flights.run(key, work);
    if (msMax <= 0 || this.#overdue.has(read)) {
      read.catch(() => {});
      return undefined;
    }
    const timer = new AbortController();
    const late = sleep(msMax, timer.signal).then(() => {
      if (timer.signal.aborted) return undefined;
      this.#overdue.add(read);
      read.catch(() => {}).finally(() => this.#overdue.delete(read));
      return undefined;
    });
    return Promise.race([read, late]).finally(() => timer.abort());
  }

  /** Later callers start a new read. */
  forget(): void {
    this.#flights.forget();
  }
}
