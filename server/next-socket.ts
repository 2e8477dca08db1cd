/** Where a serving process reaches the Next process. */

export class NextSocket {
  readonly #pages: { away: boolean };
  #path: string | null = null;

  /** @param pages - is told whether there is one. */
  constructor(pages: { away: boolean }, path: string | null = null) {
    this.#pages = pages;
    this.move(path);
  }

  /** `null` while the Next process does not answer. */
  get path(): string | null {
    return this.#path;
  }

  move(path: string | null): void {
    this.#path = path;
    this.#pages.away = path === null;
  }
}
