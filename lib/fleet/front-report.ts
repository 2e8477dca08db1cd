/**
 * A front's report to MySQL, once a second: how many ballots it accepted in each poll, and since when it holds ballots
 * that are not in MySQL yet. The first is a place for the books that dies neither with the front's machine nor with
 * memcached; the second lets polls become final (`flush/finalize.ts`).
 *
 * Invariant: the counts are written before `held_since`, so that the books of a poll that becomes final are complete.
 * **On failure:** while MySQL is away nothing can become final, so nothing is reported; the next report makes up for it.
 */
import { type Clock, monotonicMs, SECOND, wallMs } from "../base/clock.ts";
import { every } from "../base/every.ts";
import { describeError, type Log } from "../base/log.ts";
import type { AcceptedCount } from "../books/accepted-count.ts";
import { ConfigError } from "../config/config.ts";
import { raiseAccepted } from "../store/acceptances.ts";
import type { Store } from "../store/database.ts";
import { isStoreFailure, orWhenMysqlFails } from "../store/failure.ts";
import type { ProcessState } from "../store/fleet-processes.ts";
import { exchangeEveryMs } from "./fleet-copies.ts";
import type { FleetRecord } from "./fleet-record.ts";
import type { Registration } from "./registration.ts";

export interface FrontReportDeps {
  readonly log: Log;
  readonly store: Store;
  readonly fleet: FleetRecord;
  readonly registration: Registration;
  /** Called once this process is in the record. Throws ConfigError when it must not serve. */
  readonly checkSecrets: () => Promise<void>;
  readonly acceptedCount: AcceptedCount;
  readonly clock: Clock;
  /** When the oldest ballot was received that is accepted or may be, and is not in MySQL; infinite: there is none. */
  readonly oldestHeldMs: () => number;
  /** Called when this process must not go on, because its settings differ from those of one that started earlier. */
  readonly onConflict: (sentence: string) => void;
}

const reportEveryMs = SECOND;
/** Without votes, so that an idle front costs its database next to nothing. */
const idleReportEveryMs = 5 * SECOND;
const compareEveryMs = 5 * SECOND;

export class FrontReport {
  readonly #deps: FrontReportDeps;
  #joining: Promise<void> | undefined;
  #failing = false;
  /** Monotonic. */
  #reportedMs = Number.NEGATIVE_INFINITY;
  #comparedMs = Number.NEGATIVE_INFINITY;
  /** The next report is due in a second: a ballot was held at the last one, or it failed. */
  #isUrgent = false;
  /** MySQL's generation when the accepted counts began to be reported to it. */
  #generation: string | undefined;

  constructor(deps: FrontReportDeps) {
    this.#deps = deps;
  }

  /**
   * Enters this process into the fleet record, before it serves. Later calls share the first one's outcome.
   *
   * @throws ConfigError when its settings differ from those of a process that is running, or lack a secret that is needed.
   */
  join(): Promise<void> {
    this.#joining ??= this.#join();
    return this.#joining;
  }

  async #join(): Promise<void> {
    const { fleet, registration, checkSecrets } = this.#deps;
    await fleet.join(registration, this.#state());
    this.#generation = fleet.generation;
    try {
      await checkSecrets();
    } catch (error) {
      await orWhenMysqlFails(registration.end(), () => undefined);
      throw error;
    }
    await this.#exchange();
  }

  /** Reports regularly once this process has joined, until `signal` is aborted. Never rejects. */
  async reportUntil(signal: AbortSignal): Promise<void> {
    try {
      await this.join();
    } catch (error) {
      // A refusal ends this process with a line of its own: the serving process calls `join`, too.
      if (!(error instanceof ConfigError)) {
        this.#deps.log.error({ event: "fleet_not_joined", ...describeError(error) });
      }
      return;
    }
    await Promise.all([
      every(reportEveryMs, () => this.#reportIfDue(), signal),
      every(exchangeEveryMs, () => this.#exchange(), signal),
    ]);
  }

  /** The last report, when this process holds nothing any more. Never rejects. */
  async end(): Promise<void> {
    await this.#tryTo(async () => {
      await this.#reportAccepted();
      await this.#deps.registration.end();
    });
    const { fleet, registration } = this.#deps;
    await fleet.leave(registration.identity);
  }

  /** Keeps the copy of its entry in memcached. */
  async #exchange(): Promise<void> {
    const { fleet, registration, clock, onConflict } = this.#deps;
    const state = this.#state();
    const conflict = await fleet.exchange(registration.identity, state, clock.nowMs());
    if (conflict) onConflict(conflict.sentence);
  }

  async #reportIfDue(): Promise<void> {
    const { acceptedCount, oldestHeldMs } = this.#deps;
    const { isChanging } = this.#deps.fleet.agreed;
    const isIdle =
      !isChanging && !this.#isUrgent && !acceptedCount.hasUnreported && oldestHeldMs() === Infinity;
    if (isIdle && monotonicMs() - this.#reportedMs < idleReportEveryMs) return;
    await this.#tryTo(async () => {
      await this.#report();
      await this.#compareIfDue();
    });
  }

  async #report(): Promise<void> {
    const { registration, oldestHeldMs } = this.#deps;
    // Read before anything is awaited: a ballot that is received later is in neither number.
    const state = this.#state();
    this.#isUrgent = oldestHeldMs() < Infinity;
    await this.#reportAccepted();
    this.#reportedMs = monotonicMs();
    await registration.report(state);
  }

  #state(): ProcessState {
    const { clock, oldestHeldMs } = this.#deps;
    const nowMs = clock.nowMs();
    return { heldSinceMs: Math.min(nowMs, oldestHeldMs()), clockAheadMs: wallMs() - nowMs };
  }

  async #compareIfDue(): Promise<void> {
    const everyMs = this.#deps.fleet.agreed.isChanging ? reportEveryMs : compareEveryMs;
    if (monotonicMs() - this.#comparedMs < everyMs) return;
    this.#comparedMs = monotonicMs();
    const { fleet, registration, onConflict } = this.#deps;
    await fleet.refresh();
    this.#noteGeneration(fleet.generation);
    const conflict = fleet.conflictOf(registration.identity);
    if (conflict) onConflict(conflict.sentence);
  }

  /** After a restore, MySQL lacks what this process has reported since the backup. */
  #noteGeneration(generation: string | undefined): void {
    const before = this.#generation ?? generation;
    this.#generation = generation;
    if (generation === before) return;
    this.#deps.acceptedCount.reportAll();
    this.#deps.log.error(
      { event: "mysql_went_back", generation, before },
      "a backup was restored into MySQL; this process reports all its accepted counts again",
    );
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
