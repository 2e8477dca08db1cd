import type { Restore } from "#lib/store/restores.ts";

/**
 * When MySQL turned out to lack commits (`lib/flush/setbacks.ts`): for the worker's page, its metrics, and the duty that
 * publishes polls anew.
 */
export class SetbackRecord {
  #count = 0;
  #lastAtMs: number | undefined;
  #restore: Restore | undefined;
  #copiesOutdated = false;

  note(nowMs: number): void {
    this.#count += 1;
    this.#lastAtMs = nowMs;
  }

  /** memcached has copies of polls that MySQL does not have any more, or may have. */
  noteOutdatedCopies(): void {
    this.#copiesOutdated = true;
  }

  /** True once after they were noted. */
  takeOutdatedCopies(): boolean {
    const outdated = this.#copiesOutdated;
    this.#copiesOutdated = false;
    return outdated;
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
