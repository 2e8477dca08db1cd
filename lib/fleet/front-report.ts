/**
 * A front's report to MySQL, once a second: how many ballots it accepted in each poll, and since when it holds ballots
 * that are not in MySQL yet. The first is a place for the books that dies neither with the front's machine nor with
 * memcached; the second lets polls become final (`flush/finalize.ts`).
 *
 * Invariant: the counts are written before `held_since`, so that the books of a poll that becomes final are complete.
 * **On failure:** while MySQL is away nothing can become final, so nothing is reported; the next report makes up for it.
 */
import { type Clock, monotonicMs, SECOND } from "../base/clock.ts";
import { every } from "../base/every.ts";
import { describeError, type Log } from "../base/log.ts";
import { isRunning } from "../base/running-process.ts";
import type { AcceptedCount } from "../books/accepted-count.ts";
import { raiseAccepted } from "../store/acceptances.ts";
import type { Store } from "../store/database.ts";
import { isStoreFailure } from "../store/failure.ts";
import {
  endProcesses,
  type ProcessIdentity,
  processesIn,
  registerProcess,
  reportProcess,
} from "../store/processes.ts";

export interface FrontReportDeps {
  readonly log: Log;
  readonly store: Store;
  readonly identity: ProcessIdentity;
  readonly acceptedCount: AcceptedCount;
  readonly clock: Clock;
  /** When the oldest ballot was received that is accepted or may be, and is not in MySQL; infinite: there is none. */
  readonly oldestHeldMs: () => number;
}

const reportEveryMs = SECOND;
/** Without votes, so that an idle front costs its database next to nothing. */
const idleReportEveryMs = 5 * SECOND;

export class FrontReport {
  readonly #deps: FrontReportDeps;
  #registered = false;
  #failing = false;
  /** Monotonic. */
  #reportedMs = Number.NEGATIVE_INFINITY;
  /** The next report is due in a second: a ballot was held at the last one, or it failed. */
  #isUrgent = false;

  constructor(deps: FrontReportDeps) {
    this.#deps = deps;
  }

  /** Reports at once and then regularly, until `signal` is aborted. Never rejects. */
  async reportUntil(signal: AbortSignal): Promise<void> {
    await this.#tryTo(() => this.#report());
    await every(reportEveryMs, () => this.#reportIfDue(), signal);
  }

  /** The last report, when this process holds nothing any more. Never rejects. */
  async end(): Promise<void> {
    await this.#tryTo(async () => {
      await this.#reportAccepted();
      await endProcesses(this.#deps.store, [this.#deps.identity.id]);
    });
  }

  async #reportIfDue(): Promise<void> {
    const { acceptedCount, oldestHeldMs } = this.#deps;
    const isIdle = !this.#isUrgent && !acceptedCount.hasUnreported && oldestHeldMs() === Infinity;
    if (isIdle && monotonicMs() - this.#reportedMs < idleReportEveryMs) return;
    await this.#tryTo(() => this.#report());
  }

  async #report(): Promise<void> {
    const { store, identity, log, clock, oldestHeldMs } = this.#deps;
    // Both are read in the same turn of the event loop, so no ballot is received in between.
    const nowMs = clock.nowMs();
    const oldestMs = oldestHeldMs();
    const heldSinceMs = Math.min(nowMs, oldestMs);
    await this.#reportAccepted();
    this.#isUrgent = oldestMs < Infinity;
    this.#reportedMs = monotonicMs();
    if (this.#registered && (await reportProcess(store, identity.id, heldSinceMs))) return;
    if (!this.#registered) await endDeadProcesses(store, identity.pidSpace, identity.id);
    const found = await registerProcess(store, identity, heldSinceMs);
    if (this.#registered && found === "returned") log.error({ event: "was_declared_gone" });
    this.#registered = true;
  }

  async #reportAccepted(): Promise<void> {
    const { store, acceptedCount } = this.#deps;
    const counts = acceptedCount.takeUnreported();
    try {
      await raiseAccepted(store, counts);
    } catch (error) {
      acceptedCount.reportAgain(counts);
      throw error;
    }
  }

  /** Logs the first of several failures, and the end of them. */
  async #tryTo(work: () => Promise<void>): Promise<void> {
    const { log } = this.#deps;
    try {
      await work();
      if (this.#failing) log.info({ event: "front_reports_again" });
      this.#failing = false;
    } catch (error) {
      if (!isStoreFailure(error))
        log.error({ event: "front_not_reported", ...describeError(error) });
      else if (!this.#failing) log.warn({ event: "front_not_reported", ...describeError(error) });
      this.#failing = true;
      this.#isUrgent = true;
    }
  }
}

/**
 * Notes that processes of this machine have ended, which were killed and could not do it themselves.
 *
 * @param self - the calling process, if it has a row.
 */
export async function endDeadProcesses(
  store: Store,
  pidSpace: string,
  self?: string,
): Promise<void> {
  const others = (await processesIn(store, pidSpace)).filter(({ id }) => id !== self);
  // A row with this process's own number is of a process that had it before.
  const dead = others.filter(({ pid }) => pid === process.pid || !isRunning(pid));
  await endProcesses(
    store,
    dead.map(({ id }) => id),
  );
}
