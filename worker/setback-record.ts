/** When MySQL turned out to lack commits (`lib/flush/setbacks.ts`): for the worker's page and its metrics. */
export class SetbackRecord {
  #count = 0;
  #lastAtMs: number | undefined;

  note(nowMs: number): void {
    this.#count += 1;
    this.#lastAtMs = nowMs;
  }

  get count(): number {
    return this.#count;
  }

  /** The site's time; `undefined`: never since this worker started. */
  get lastAtMs(): number | undefined {
    return this.#lastAtMs;
  }
}
