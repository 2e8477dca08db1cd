/** The last lines that this process logged, kept for its status page: bounded, oldest first. */

export class LogLines {
  readonly #max: number;
  #lines: string[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  /** Takes one line; what pino calls for each. */
  write(line: string): void {
    this.#lines.push(line.trimEnd());
    // Cut rarely: shifting a thousand lines for each new one would cost more than keeping twice as many.
    if (this.#lines.length >= 2 * this.#max) this.#lines = this.#lines.slice(-this.#max);
  }

  /** The last lines that contain `text`, in any case; oldest first. */
  find(text: string): string[] {
    const wanted = text.toLowerCase();
    return this.#lines.slice(-this.#max).filter(line => line.toLowerCase().includes(wanted));
  }
}
