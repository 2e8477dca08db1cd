/**
 * What a command writes to standard output: results, which may not be dropped. A command that ends waits until its
 * reader has taken them, and says when they could not be written.
 */
import { monotonicMs, SECOND, sleep } from "../base/clock.ts";

/** A reader that takes nothing for this long is gone for good; a person at a terminal may take any time. */
const readerMsMax = 10 * SECOND;
const lookEveryMs = 20;

/** The stream that results go to: `process.stdout`. */
type Results = Pick<NodeJS.WriteStream, "on" | "write" | "writableLength">;

/** Made before the first result is written; keeps a failed write from ending the process. */
export class WrittenResults {
  readonly #results: Results;
  readonly #forPerson: boolean;
  #failure: string | undefined;

  /** @param forPerson - somebody is looking, so the reader has all the time it wants. */
  constructor(results: Results, forPerson: boolean) {
    this.#results = results;
    this.#forPerson = forPerson;
    results.on("error", error => {
      this.#failure ??= reasonOf(error);
    });
  }

  /** Waits for the reader. Resolves with the reason when not all results could be written. */
  async failure(): Promise<string | undefined> {
    // A failed write to a file is told of in the next tick.
    await new Promise<void>(resolve => process.nextTick(resolve));
    if (this.#results.writableLength === 0) return this.#failure;
    const written = new Promise<true>(resolve => this.#results.write("", () => resolve(true)));
    let left = this.#results.writableLength;
    let takenMs = monotonicMs();
    while ((await Promise.race([written, sleep(lookEveryMs)])) !== true) {
      if (this.#results.writableLength !== left) takenMs = monotonicMs();
      left = this.#results.writableLength;
      if (!this.#forPerson && monotonicMs() - takenMs > readerMsMax) {
        return `their reader has taken nothing for ${readerMsMax / SECOND} seconds`;
      }
    }
    return this.#failure;
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? (((error as { code?: string }).code ?? error.message) as string) : "";
