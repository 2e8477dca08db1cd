/** What was flushed in the last 15 minutes, in steps of 10 s, for the charts. In memory only, and bounded. */
import { MINUTE, SECOND } from "#lib/base/clock.ts";

export const stepMs = 10 * SECOND;
export const historyMs = 15 * MINUTE;
const steps = historyMs / stepMs;

export interface Step {
  /** Ballots committed, whatever their fate. */
  readonly ballots: number;
  /** Transactions that committed them. */
  readonly commits: number;
  readonly slots: number;
}

const nothing: Step = { ballots: 0, commits: 0, slots: 0 };

export class History {
  readonly #steps = new Map<number, Step>();

  add(nowMs: number, more: Step): void {
    const step = Math.floor(nowMs / stepMs);
    const before = this.#steps.get(step) ?? nothing;
    this.#steps.set(step, {
      ballots: before.ballots + more.ballots,
      commits: before.commits + more.commits,
      slots: before.slots + more.slots,
    });
    for (const old of this.#steps.keys()) if (old <= step - steps) this.#steps.delete(old);
  }

  /** All steps up to now, oldest first. */
  series(nowMs: number): Step[] {
    const last = Math.floor(nowMs / stepMs);
    return Array.from(
      { length: steps },
      (_, index) => this.#steps.get(last - steps + 1 + index) ?? nothing,
    );
  }

  /** Slots a second over the last minute. */
  slotsPerSecond(nowMs: number): number {
    const recent = this.series(nowMs).slice(-MINUTE / stepMs);
    return recent.reduce((sum, { slots }) => sum + slots, 0) / (MINUTE / SECOND);
  }
}
