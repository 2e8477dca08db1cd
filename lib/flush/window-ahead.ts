/**
 * Reading the window behind the one that is being committed, while MySQL is at work on that.
 *
 * Slots never change once they are written, so what was read early is as good as what is read late, as long as all
 * of it was there. A window with a missing slot is not: that slot may have come since.
 */
import type { Window } from "./window.ts";

/** Reads the window behind a slot, as far as a pointer. */
type Read = (after: number, pointer: number) => Promise<Window>;

export class WindowAhead {
  readonly #read: Read;
  #begun: { readonly after: number; readonly window: Promise<Window | undefined> } | undefined;

  constructor(read: Read) {
    this.#read = read;
  }

  /** Begins to read; what goes wrong is found out by `take`. */
  begin(after: number, pointer: number): void {
    this.#begun = { after, window: this.#read(after, pointer).catch(() => undefined) };
  }

  /** It will not be wanted. */
  forget(): void {
    this.#begun = undefined;
  }

  /**
   * The window behind a slot: the one that was begun, if it is that and whole.
   *
   * @throws MemcachedFailure.
   */
  async take(after: number, pointer: number): Promise<Window> {
    const begun = this.#begun;
    this.#begun = undefined;
    const window = begun?.after === after ? await begun.window : undefined;
    return window && window.missing.size === 0 ? window : this.#read(after, pointer);
  }
}
