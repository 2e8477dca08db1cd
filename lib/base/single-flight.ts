/**
 * Single-flight: calls for one key that overlap share one run. Nothing is kept once the run has ended; where
 * results are to be kept as well, `lru-cache`'s `fetch` does both.
 */
export class SingleFlight<Key, Value> {
  readonly #running = new Map<Key, Promise<Value>>();

  /** Joins the run under way for `key`, or starts `work`. Rejects as the run does. */
  run(key: Key, work: () => Promise<Value>): Promise<Value> {
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const started = work().finally(() => {
      if (this.#running.get(key) === started) this.#running.delete(key);
    });
    this.#running.set(key, started);
    return started;
  }

  /** Later calls start a new run; those that wait already get the old one's result. */
  forget(): void {
    this.#running.clear();
  }
}
