/** Where a serving process reaches the Next process. */
import type { Serving } from "#lib/web/serving.ts";

export class NextSocket {
  readonly #serving: Serving;
  #path: string | null = null;

  /** @param serving - is told whether there is one. */
  constructor(serving: Serving, path: string | null = null) {
    this.#serving = serving;
    this.move(path);
  }

  /** `null` while the Next process does not answer. */
  get path(): string | null {
    return this.#path;
  }

  move(path: string | null): void {
    this.#path = path;
    this.#serving.pagesAway = path === null;
  }
}
