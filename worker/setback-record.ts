import type { Restore } from "#lib/store/site.ts";

/** When MySQL turned out to lack commits (`lib/flush/setbacks.ts`): for the worker's page and its metrics. */
export class SetbackRecord {
  #count = 0;
  #lastAtMs: number | undefined;
  #restore: Restore | undefined;

  note(nowMs: number): void {
    this.#count += 1;
    this.#lastAtMs = nowMs;
  }

  noteRestore(restore: Restore | undefined): void {
    this.#restore = restore;
  }

  /** The last restore of a backup. */
  get restore(): Restore | undefined {
    return this.#restore;
  }

  get count(): number {
    return this.#count;
  }

  /** The site's time; `undefined`: never since this worker started. */
  get lastAtMs(): number | undefined {
    return this.#lastAtMs;
  }
}
