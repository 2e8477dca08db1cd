/**
 * How long voting stood still: the longest time in which a front acknowledged nothing, although readers kept
 * asking.
 *
 * The machine that tests run on stands still at times, too. So a process that has nothing to do with votes (the
 * worker's `/healthz`) is asked the same way all the while, and a time in which it was silent as well is nobody's
 * stall. No bound has to be loosened for a busy machine.
 */
import { monotonicMs, sleep } from "#lib/base/clock.ts";

const askEveryMs = 15;
/** The control is silent when its answers are further apart than this. */
const silentMs = 4 * askEveryMs;

/** Moments at which something was heard; monotonic, rising. */
export type Moments = readonly number[];

/** Asks the control again and again until it is stopped. */
export class Control {
  readonly #heard: number[] = [];
  readonly #running: Promise<void>;
  #stopped = false;

  /** @param url - answers at once, if anything on this machine does. */
  constructor(url: string) {
    this.#running = this.#ask(url);
  }

  /** When it answered. */
  async stop(): Promise<Moments> {
    this.#stopped = true;
    await this.#running;
    return this.#heard;
  }

  async #ask(url: string): Promise<void> {
    while (!this.#stopped) {
      const answer = await fetch(url).catch(() => undefined);
      await answer?.arrayBuffer();
      if (answer) this.#heard.push(monotonicMs());
      await sleep(askEveryMs);
    }
  }
}

/**
 * The longest gap between two acknowledgements in a span of time, without what the control was silent of it; in
 * milliseconds.
 */
export function longestStall(acknowledged: Moments, control: Moments, span: Span): number {
  const silences = silencesOf(control, span);
  const stalls = gapsOf(acknowledged, span).map(gap => {
    const silent = silences.map(silence => overlapMs(gap, silence));
    return gap.to - gap.from - silent.reduce((sum, ms) => sum + ms, 0);
  });
  return Math.max(0, ...stalls);
}

/** The longest time in a span in which the control was silent; in milliseconds. */
export function longestSilence(control: Moments, span: Span): number {
  return Math.max(0, ...silencesOf(control, span).map(({ from, to }) => to - from));
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

function silencesOf(control: Moments, span: Span): Span[] {
  return gapsOf(control, span).filter(({ from, to }) => to - from > silentMs);
}

/** The spans between moments, with the ends of the whole as the outermost. */
function gapsOf(moments: Moments, { from, to }: Span): Span[] {
  const edges = [from, ...moments.filter(at => at > from && at < to), to];
  return edges.slice(1).map((edge, index) => ({ from: edges[index] ?? from, to: edge }));
}

function overlapMs(a: Span, b: Span): number {
  return Math.max(0, Math.min(a.to, b.to) - Math.max(a.from, b.from));
}
