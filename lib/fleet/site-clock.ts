/**
 * The site's time: what this machine's clock, MySQL's and memcached's agree on. Polls open and close by it, and a
 * ballot's time of receipt is in it, so that one machine with a wrong clock neither refuses votes nor lets a poll
 * become final too early.
 *
 * Two of the three decide; where no two agree, MySQL's clock does. While MySQL or memcached is away, its last reading
 * is carried on by this machine's monotonic clock, so a process keeps the right time as long as it lives
 * (`docs/decisions/0024-the-sites-time.md`).
 *
 * Invariant: a clock that is off by more than two seconds is reported: in the log, in `/readyz`, on the worker's page and
 *   in its metrics.
 */
import { agreement, type Bounds } from "../base/agreement.ts";
import { monotonicMs, SECOND, wallMs } from "../base/clock.ts";
import { type ClockReading, offsetOf } from "../base/clock-reading.ts";
import { every } from "../base/every.ts";
import type { Log } from "../base/log.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { orWhenMemcachedFails } from "../memcached/failure.ts";
import { readServerClock } from "../memcached/server-clock.ts";
import { orWhenMysqlFails } from "../store/failure.ts";

/** A clock that differs from the site's time. */
export interface WrongClock {
  /** `this machine`, `MySQL` or a memcached server's address. */
  readonly clock: string;
  /** Negative: it is behind. */
  readonly aheadMs: number;
}

export interface SiteClockDeps {
  readonly log: Log;
  /** The memcached servers at this moment. */
  readonly servers: () => readonly Pick<MemcachedClient, "name" | "available" | "read">[];
  /** Reads MySQL's clock. May throw StoreFailure. */
  readonly readDatabase: () => Promise<ClockReading>;
  /** This machine's clock; another one in tests. */
  readonly machineMs?: () => number;
}

/** With more between two clocks, polls open and close for some readers before others. */
const skewMsMax = 2 * SECOND;
const measureEveryMs = 5 * SECOND;
/** A slower answer says too little. */
const answerMsMax = SECOND;
/** Monotonic clocks of two machines may differ by this share of the elapsed time. */
const drift = 200e-6;
export const machineClock = "this machine";
export const databaseClock = "MySQL";

/** The offset of a clock as it was last measured. */
interface Measured {
  readonly offset: Bounds;
  readonly atMs: number;
}

export class SiteClock {
  readonly #deps: SiteClockDeps;
  readonly #machineMs: () => number;
  readonly #measured = new Map<string, Measured>();
  /** Added to the monotonic clock. */
  #offsetMs: number;
  #wrong: readonly WrongClock[] = [];
  #certain = true;

  constructor(deps: SiteClockDeps) {
    this.#deps = deps;
    this.#machineMs = deps.machineMs ?? wallMs;
    this.#offsetMs = this.#machineMs() - monotonicMs();
  }

  /** The site's time; milliseconds since 1970. Until the first measurement: this machine's. No I/O. */
  nowMs(): number {
    return Math.floor(monotonicMs() + this.#offsetMs);
  }

  /** The clocks that differ from the site's time by more than two seconds. */
  get wrong(): readonly WrongClock[] {
    return this.#wrong;
  }

  /** False while the clocks contradict each other and no two agree. */
  get isCertain(): boolean {
    return this.#certain;
  }

  /** Reads all clocks and decides anew. Never rejects. */
  async measure(): Promise<void> {
    const { servers, readDatabase } = this.#deps;
    await Promise.all([
      orWhenMysqlFails(readDatabase(), () => undefined).then(reading =>
        this.#note(databaseClock, reading),
      ),
      ...servers()
        .filter(({ available }) => available)
        .map(async server => {
          const read = readServerClock(server as MemcachedClient);
          this.#note(server.name, await orWhenMemcachedFails(read, () => undefined));
        }),
    ]);
    this.#decide();
  }

  /** Measures every five seconds until `signal` is aborted. Never rejects. */
  watch(signal: AbortSignal): Promise<void> {
    return every(measureEveryMs, () => this.measure(), signal);
  }

  #note(clock: string, reading: ClockReading | undefined): void {
    if (!reading || Number.isNaN(reading.theirMs)) return;
    if (reading.answeredMs - reading.askedMs > answerMsMax) return;
    this.#measured.set(clock, { offset: offsetOf(reading), atMs: reading.answeredMs });
  }

  #decide(): void {
    const nowMs = monotonicMs();
    const ownOffsetMs = this.#machineMs() - nowMs;
    const offsets = new Map(
      [...this.#measured].map(([clock, measured]) => [clock, widened(measured, nowMs)] as const),
    );
    const ofDatabase = offsets.get(databaseClock);
    const others = [...offsets]
      .filter(([clock]) => clock !== databaseClock)
      .map(([, each]) => each);
    const own: Bounds = { min: ownOffsetMs, max: ownOffsetMs };
    // All memcached servers together are one voice: there may be many of them on one machine.
    const sources = [
      ...(ofDatabase ? [tolerant(ofDatabase)] : []),
      ...(others.length > 0 ? [agreement(others.map(each => tolerant(each))).bounds] : []),
      tolerant(own),
    ];
    const agreed = agreement(sources);
    const middle = (agreed.bounds.min + agreed.bounds.max) / 2;
    // As it is, or two fronts on right machines would differ by what their readings differ.
    const { min, max } = tolerant(own);
    const isOwnRight = min <= agreed.bounds.min && agreed.bounds.max <= max;
    this.#offsetMs = isOwnRight ? ownOffsetMs : middle;
    this.#certain = sources.length === 1 || agreed.sources > 1;
    this.#report([...offsets, [machineClock, own]]);
  }

  #report(offsets: readonly (readonly [string, Bounds])[]): void {
    const wrong = offsets.flatMap(([clock, { min, max }]): WrongClock[] => {
      const aheadMs = Math.max(min - this.#offsetMs, 0) + Math.min(max - this.#offsetMs, 0);
      return isClockWrong(aheadMs) ? [{ clock, aheadMs: Math.round(aheadMs) }] : [];
    });
    const before = this.#wrong.map(({ clock }) => clock).join();
    this.#wrong = wrong;
    if (wrong.map(({ clock }) => clock).join() === before) return;
    if (wrong.length === 0) this.#deps.log.info({ event: "clocks_agree" });
    else this.#deps.log.warn({ event: "clock_wrong", wrong, certain: this.#certain });
  }
}

/** True for a clock that is more than two seconds off. @param aheadMs - negative: it is behind. */
export const isClockWrong = (aheadMs: number): boolean => Math.abs(aheadMs) > skewMsMax;

/** Two clocks agree when they differ by less than `skewMsMax`: each may be off by half of it. */
function tolerant({ min, max }: Bounds, byMs: number = skewMsMax / 2): Bounds {
  return { min: min - byMs, max: max + byMs };
}

function widened({ offset, atMs }: Measured, nowMs: number): Bounds {
  return tolerant(offset, (nowMs - atMs) * drift);
}
