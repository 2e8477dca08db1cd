/** Where a serving process reaches the Next process. */
import type { Serving } from "#lib/web/serving.ts";

export class NextSocket {
  readonly #serving: Serving;
  #path: string | null = null;
  #away = new AbortController();

  /** @param serving - is told whether there is one. */
  constructor(serving: Serving, path: string | null = null) {
    this.#serving = serving;
    this.move(path);
  }

  /** `null` while the Next process does not answer. */
  get path(): string | null {
    return this.#path;
  }

  /** Aborted when the Next process that is at `path` now stops answering. */
  get away(): AbortSignal {
    return this.#away.signal;
  }

  move(path: string | null): void {
    this.#path = path;
    if (path === null) this.#away.abort();
    else if (this.#away.signal.aborted) this.#away = new AbortController();
    this.#serving.pagesAway = path === null;
  }
}
