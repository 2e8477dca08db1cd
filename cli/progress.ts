/**
 * A line on a terminal that says how far a long pass is. It is written over itself, and gone when the pass is
 * done; where there is no terminal, nothing is written at all.
 */
import { monotonicMs, SECOND } from "#lib/base/clock.ts";
import { duration, plural } from "#lib/base/human-readable.ts";
import type { PassProgress } from "#lib/flush/flusher.ts";

/** A pass shorter than this needs no line. */
const quietMs = SECOND;
const everyMs = SECOND / 4;
const eraseLine = "\r\x1b[K";

/** The parts of a stream that it needs: `process.stderr`, as a rule. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export class ProgressLine {
  readonly #terminal: Terminal;
  readonly #clock: () => number;
  readonly #startedMs: number;
  #shownMs = 0;
  #shown = false;

  /** @param clock - monotonic time in milliseconds. */
  constructor(terminal: Terminal, clock: () => number = monotonicMs) {
    this.#terminal = terminal;
    this.#clock = clock;
    this.#startedMs = clock();
  }

  readonly show = (progress: PassProgress): void => {
    const nowMs = this.#clock();
    const elapsedMs = nowMs - this.#startedMs;
    if (!this.#terminal.isTTY || elapsedMs < quietMs || nowMs - this.#shownMs < everyMs) return;
    this.#shownMs = nowMs;
    this.#shown = true;
    const line = progressLine(progress, elapsedMs).slice(0, (this.#terminal.columns ?? 80) - 1);
    this.#terminal.write(eraseLine + line);
  };

  clear(): void {
    if (this.#shown) this.#terminal.write(eraseLine);
    this.#shown = false;
  }
}

/** `flush: 240,000 ballots, 38,900 a second; 1,520 slots waiting, 20 seconds left`. */
export function progressLine({ ballots, slots, waiting }: PassProgress, elapsedMs: number): string {
  const perSecond = Math.round((ballots * SECOND) / elapsedMs);
  const left = slots > 0 ? `, ${duration((waiting * elapsedMs) / slots)} left` : "";
  return (
    `flush: ${plural(ballots, "ballot")}, ${perSecond.toLocaleString("en")} a second; ` +
    `${plural(waiting, "slot")} waiting${left}`
  );
}
