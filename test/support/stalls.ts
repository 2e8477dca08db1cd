/**
 * How long something took, without the time in which the machine stood still: every test that judges time does it by
 * this file, so that no bound has to be loosened for a busy machine.
 *
 * A *control* that has nothing to do with what is tested is heard every few milliseconds. A time in which it was silent
 * as well is not the product's delay. The control is the test's own process or, for voting under faults, the worker's
 * `/healthz`: that one also tells when the machine has no time for other processes.
 */
import { monotonicMs, sleep } from "#lib/base/clock.ts";
import { defaultTimeouts } from "#lib/memcached/client.ts";
import { leaseMsMax } from "#lib/queue/producer.ts";

const askEveryMs = 15;
/** The control is silent when its answers are further apart than this. */
const silentMs = 4 * askEveryMs;

/** Moments at which something was heard; monotonic, rising. */
export type Moments = readonly number[];

/** Listens to the control again and again until it is stopped. */
export class Control {
  readonly #heard: number[] = [];
  readonly #running: Promise<void>;
  readonly #url: string | undefined;
  #stopped = false;

  /** @param url - answers at once if anything does; without it the test's own event loop is measured. */
  constructor(url?: string) {
    this.#url = url;
    this.#running = this.#listen();
  }

  /** When it was heard so far. */
  get heard(): Moments {
    return this.#heard;
  }

  /** When it was heard. */
  async stop(): Promise<Moments> {
    this.#stopped = true;
    await this.#running;
    return this.#heard;
  }

  async #listen(): Promise<void> {
    while (!this.#stopped) {
      if (await this.#answers()) this.#heard.push(monotonicMs());
      await sleep(askEveryMs);
    }
  }

  async #answers(): Promise<boolean> {
    if (this.#url === undefined) return true;
    const answer = await fetch(this.#url).catch(() => undefined);
    await answer?.arrayBuffer();
    return answer !== undefined;
  }
}

/** Does the work; gives its result, and how long it took but for the time in which the machine stood still. */
export async function timed<T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly tookMs: number }> {
  const control = new Control();
  const from = monotonicMs();
  try {
    const result = await work();
    return { result, tookMs: Math.round(movingMs(control.heard, { from, to: monotonicMs() })) };
  } finally {
    await control.stop();
  }
}

/** After a stall of this length, a failure by a time limit of the product proves nothing about the product. */
const standstillMs = 300;
const triesMax = 5;

/** Blocks this process, as if it were stopped. */
export function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/**
 * Does work that may be repeated; if it fails, or its result proves nothing, and the machine stood still meanwhile,
 * does it again, a few times.
 *
 * @param isConclusive - false for a result that proves nothing.
 * @throws what the work throws otherwise.
 */
export async function undisturbed<T>(
  work: () => Promise<T>,
  isConclusive: (result: T) => boolean = () => true,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    const control = new Control();
    const from = monotonicMs();
    const mayRepeat = () =>
      tries < triesMax &&
      longestSilence(control.heard, { from, to: monotonicMs() }) >= standstillMs;
    try {
      const result = await work();
      if (isConclusive(result) || !mayRepeat()) return result;
    } catch (error) {
      if (!mayRepeat()) throw error;
    } finally {
      await control.stop();
    }
  }
}

/** Waits until it is so, at most `withinMs` of time in which the machine did not stand still. */
export async function expectWithin(
  withinMs: number,
  what: string,
  isSo: () => Promise<boolean>,
): Promise<void> {
  const control = new Control();
  const from = monotonicMs();
  try {
    while (!(await isSo())) {
      const waitedMs = movingMs(control.heard, { from, to: monotonicMs() });
      if (waitedMs > withinMs) throw new Error(`${what}: not within ${withinMs} ms`);
      await sleep(20);
    }
  } finally {
    await control.stop();
  }
}

/**
 * The length of a span in which each silence of the control counts as one ordinary interval, so that no wait is
 * endless on a machine that is always slow; in milliseconds.
 */
export function movingMs(control: Moments, span: Span): number {
  const silent = silencesOf(control, span).map(({ from, to }) => to - from - askEveryMs);
  return span.to - span.from - silent.reduce((sum, ms) => sum + ms, 0);
}

/**
 * The longest gap between two acknowledged votes in a span of time, without what the control was silent of it; in
 * milliseconds. When the machine stood still for longer than a front waits for an answer, a lock that was asked for
 * before may be given afterwards to a front that no longer waits for it: voting waits for the end of its lease, and that
 * is the machine's doing, too. So the control is to be listened to from the first vote on, also before the span.
 */
export function longestStall(acknowledged: Moments, control: Moments, span: Span): number {
  const from = Math.min(span.from, control[0] ?? span.from);
  const silences = silencesOf(control, { from, to: span.to }).map(({ from, to }) => ({
    from,
    to: to - from < defaultTimeouts.answerMs ? to : to + leaseMsMax,
  }));
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
