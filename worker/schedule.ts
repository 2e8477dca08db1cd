/**
 * When the next look at the queues begins: when the kickstart rings, or by itself, after a wait that doubles
 * from look to look while nothing is found, up to `FLOODGATE_FLUSH_INTERVAL_MS`.
 *
 * After a look that found something the next one waits a little whatever rings: under load, ballots that
 * gather for a moment cost MySQL one transaction and not ten.
 */
import { monotonicMs, sleep } from "#lib/base/clock.ts";
import type { KickstartListener } from "./kickstart-listener.ts";

/** Least time from the begin of a look to the begin of the next. */
export const floorMs = { foundNothing: 20, foundSomething: 250 };

/** How long a worker waits without being rung for, after `quietLooks` looks that found nothing. */
export function waitMs(quietLooks: number, intervalMs: number): number {
  return Math.min(intervalMs, floorMs.foundSomething * 2 ** Math.min(quietLooks, 20));
}

export class Schedule {
  readonly #bell: KickstartListener;
  readonly #intervalMs: number;
  #quietLooks = 0;
  #beganMs = 0;

  constructor(bell: KickstartListener, intervalMs: number) {
    this.#bell = bell;
    this.#intervalMs = intervalMs;
  }

  /** A look begins. */
  begin(): void {
    this.#beganMs = monotonicMs();
    this.#bell.answer();
  }

  /**
   * Resolves when the next look is due, after one that `found` something or not; or on `signal`. True when
   * a kickstart is why.
   */
  async next(found: boolean, signal: AbortSignal): Promise<boolean> {
    this.#quietLooks = found ? 0 : this.#quietLooks + 1;
    const floor = found ? floorMs.foundSomething : floorMs.foundNothing;
    const least = Math.min(floor, this.#intervalMs);
    await sleep(Math.max(0, this.#beganMs + least - monotonicMs()), signal);
    const latestMs = this.#beganMs + waitMs(this.#quietLooks, this.#intervalMs);
    return this.#bell.wait(Math.max(0, latestMs - monotonicMs()), signal);
  }
}
