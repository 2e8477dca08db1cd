/**
 * When the next pass begins: at a kickstart; otherwise after a wait that doubles from pass to pass while nothing is
 * found, up to `FLOODGATE_FLUSH_INTERVAL_MS`.
 *
 * After a pass that found something, the next one waits for the longer floor even if a kickstart arrives: under load,
 * ballots that gather for a moment cost MySQL one transaction instead of ten.
 */
import { monotonicMs, sleep } from "#lib/base/clock.ts";
import type { KickstartListener } from "./kickstart-listener.ts";

/** Shortest time from the start of a pass to the start of the next. */
export const floorMs = { foundNothing: 20, foundSomething: 250 };

/** How long a worker waits without a kickstart, after so many passes in a row that found nothing. */
export function waitMs(emptyPasses: number, intervalMs: number): number {
  return Math.min(intervalMs, floorMs.foundSomething * 2 ** Math.min(emptyPasses, 20));
}

export class Schedule {
  readonly #kickstart: KickstartListener;
  readonly #intervalMs: number;
  #emptyPasses = 0;
  #startedMs = 0;

  constructor(kickstart: KickstartListener, intervalMs: number) {
    this.#kickstart = kickstart;
    this.#intervalMs = intervalMs;
  }

  /** To be called when a pass begins. */
  begin(): void {
    this.#startedMs = monotonicMs();
    this.#kickstart.clear();
  }

  /**
   * Resolves when the next pass is due, or on `signal`. True when a kickstart is the reason.
   *
   * @param found - the last pass found something.
   */
  async next(found: boolean, signal: AbortSignal): Promise<boolean> {
    this.#emptyPasses = found ? 0 : this.#emptyPasses + 1;
    const floor = found ? floorMs.foundSomething : floorMs.foundNothing;
    const leastMs = Math.min(floor, this.#intervalMs);
    await sleep(Math.max(0, this.#startedMs + leastMs - monotonicMs()), signal);
    const latestMs = this.#startedMs + waitMs(this.#emptyPasses, this.#intervalMs);
    return this.#kickstart.wait(Math.max(0, latestMs - monotonicMs()), signal);
  }
}
