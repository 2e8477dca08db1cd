/** A gate that lets so many through a second. */
import { monotonicMs, SECOND } from "./clock.ts";

/** So many a second, and no more. */
export class RateLimit {
  readonly #perSecond: number;
  #second = 0;
  #passed = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  pass(): boolean {
    const second = Math.floor(monotonicMs() / SECOND);
    if (second !== this.#second) {
      this.#second = second;
      this.#passed = 0;
    }
    this.#passed += 1;
    return this.#passed <= this.#perSecond;
  }
}
