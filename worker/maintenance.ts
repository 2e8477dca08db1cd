/**
 * What a worker does besides flushing: after each pass, the duties that are due, one after the other.
 *
 * On an idle site (no ballot, no publication, no server gone or back), duties are done more rarely, so that it costs
 * its database next to nothing.
 */
import { monotonicMs, SECOND } from "#lib/base/clock.ts";
import { describeError } from "#lib/base/log.ts";
import type { FinishedPass } from "#lib/flush/finalize.ts";
import type { PassOptions, PassSummary } from "#lib/flush/flusher.ts";
import { type Duty, dutiesOf } from "./duties.ts";
import type { WorkerParts } from "./worker-parts.ts";

/** Without an event for this long, the site is idle. */
const idleAfterMs = 30 * SECOND;

export class Maintenance {
  readonly #worker: WorkerParts;
  readonly #duties: readonly Duty[];
  /** By duty; monotonic. */
  readonly #doneMs = new Map<Duty, number>();
  #lastEventMs = monotonicMs();

  constructor(worker: WorkerParts) {
    this.#worker = worker;
    this.#duties = dutiesOf(worker);
  }

  /** Does what is due after a pass. Never rejects: a duty that failed is due again. */
  async step(pass: FinishedPass): Promise<void> {
    const idle = await this.#isIdle(pass);
    for (const duty of this.#duties) {
      const everyMs = idle ? duty.idleEveryMs : duty.everyMs;
      const doneMs = this.#doneMs.get(duty) ?? Number.NEGATIVE_INFINITY;
      if (monotonicMs() - doneMs < everyMs) continue;
      this.#doneMs.set(duty, monotonicMs());
      try {
        await duty.run(pass);
      } catch (error) {
        const what = { event: "maintenance_failed", duty: duty.name };
        this.#worker.log.warn({ ...what, ...describeError(error) });
      }
    }
  }

  /** One memcached read. */
  async #isIdle({ summary, lastDisturbanceMs }: FinishedPass): Promise<boolean> {
    const { published } = this.#worker;
    const { publication } = published;
    await published.confirm();
    const changed = published.publication !== publication;
    const happened = summary.slots > 0 || summary.waiting > 0 || changed;
    if (happened) this.#lastEventMs = monotonicMs();
    return monotonicMs() - Math.max(this.#lastEventMs, lastDisturbanceMs) > idleAfterMs;
  }
}

/** One pass and the maintenance that follows it: the same for the daemon and for `floodgate flush`. */
export async function onePass(
  worker: WorkerParts,
  maintenance: Maintenance,
  options: PassOptions,
): Promise<PassSummary> {
  const startedMs = monotonicMs();
  const summary = await worker.placement.hold(() => worker.flusher.pass(options));
  const { lastDisturbanceMs } = worker.flusher;
  await maintenance.step({ summary, startedMs, lastDisturbanceMs });
  return summary;
}
