/**
 * A line on a terminal that says how far a long pass, backup or restore is. It is written over itself, and gone when the
 * work is done; where there is no terminal, nothing is written at all.
 */
import { monotonicMs, SECOND } from "#lib/base/clock.ts";
import { duration, plural } from "#lib/base/human-readable.ts";
import type { PassProgress } from "#lib/flush/flusher.ts";

/** Work shorter than this needs no line. */
const quietMs = SECOND;
const everyMs = SECOND / 4;
const eraseLine = "\r\x1b[K";

/** The parts of a stream that it needs: `process.stderr`, as a rule. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export class ProgressLine<P> {
  readonly #terminal: Terminal;
  readonly #textOf: (progress: P, elapsedMs: number) => string;
  readonly #clock: () => number;
  readonly #startedMs: number;
  #shownMs = 0;
  #shown = false;

  /**
   * @param textOf - what the line says after so many milliseconds.
   * @param clock - monotonic time in milliseconds.
   */
  constructor(
    terminal: Terminal,
    textOf: (progress: P, elapsedMs: number) => string,
    clock: () => number = monotonicMs,
  ) {
    this.#terminal = terminal;
    this.#textOf = textOf;
    this.#clock = clock;
    this.#startedMs = clock();
  }

  readonly show = (progress: P): void => {
    const nowMs = this.#clock();
    const elapsedMs = nowMs - this.#startedMs;
    if (!this.#terminal.isTTY || elapsedMs < quietMs || nowMs - this.#shownMs < everyMs) return;
    this.#shownMs = nowMs;
    this.#shown = true;
    const line = this.#textOf(progress, elapsedMs).slice(0, (this.#terminal.columns ?? 80) - 1);
    this.#terminal.write(eraseLine + line);
  };

  clear(): void {
    if (this.#shown) this.#terminal.write(eraseLine);
    this.#shown = false;
  }
}

/** `flush: 240,000 ballots, 38,900 a second; 1,520 slots waiting, 20 seconds left`. */
export function passLine({ ballots, slots, waiting }: PassProgress, elapsedMs: number): string {
  const perSecond = Math.round((ballots * SECOND) / elapsedMs);
  const left = slots > 0 ? `, ${duration((waiting * elapsedMs) / slots)} left` : "";
  return (
    `flush: ${plural(ballots, "ballot")}, ${perSecond.toLocaleString("en")} a second; ` +
    `${plural(waiting, "slot")} waiting${left}`
  );
}

/** `backup: 240,000 rows, 80,000 a second; about 20 seconds left`. */
export function rowsLine(
  what: string,
  { rows, rowsExpected }: { readonly rows: number; readonly rowsExpected: number | undefined },
  elapsedMs: number,
): string {
  const perSecond = Math.round((rows * SECOND) / elapsedMs);
  const leftMs = ((rowsExpected ?? 0) - rows) * (elapsedMs / rows);
  const left = leftMs > 0 ? `; about ${duration(leftMs)} left` : "";
  return `${what}: ${plural(rows, "row")}, ${perSecond.toLocaleString("en")} a second${left}`;
}
