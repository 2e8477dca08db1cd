/** The last lines of this process's log, kept for its status page; bounded. */

export class LogLines {
  readonly #max: number;
  #lines: string[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  /** Adds one line; pino calls it. */
  write(line: string): void {
    this.#lines.push(line.trimEnd());
    // Cut rarely: keeping twice as many costs less than shifting a thousand lines for each new one.
    if (this.#lines.length >= 2 * this.#max) this.#lines = this.#lines.slice(-this.#max);
  }

  /** The last lines that contain `text`, case-insensitive; oldest first. */
  find(text: string): string[] {
    const wanted = text.toLowerCase();
    return this.#lines.slice(-this.#max).filter(line => line.toLowerCase().includes(wanted));
  }
}
