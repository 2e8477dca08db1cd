/** The daemon: pass after pass, until it is stopped. */
import { inTime, monotonicMs, SECOND, wallMs } from "#lib/base/clock.ts";
import { every } from "#lib/base/every.ts";
import { describeError } from "#lib/base/log.ts";
import type { LogLines } from "#lib/base/log-lines.ts";
import { retry } from "#lib/base/retry.ts";
import { onShutdown, stopWith } from "#lib/base/shutdown.ts";
import type { Conflict } from "#lib/fleet/compared-settings.ts";
import type { PassSummary } from "#lib/flush/flusher.ts";
import { exitStatus } from "#lib/program/command-line.ts";
import { isStoreFailure, orWhenMysqlFails } from "#lib/store/failure.ts";
import { checkSchema } from "#lib/store/migrate.ts";
import { KickstartListener } from "./kickstart-listener.ts";
import { Maintenance, onePass } from "./maintenance.ts";
import { Schedule } from "./schedule.ts";
import { History } from "./status/history.ts";
import { Metrics } from "./status/metrics.ts";
import { startStatusServer } from "./status/server.ts";
import type { WorkerState } from "./status/state.ts";
import type { WorkerParts } from "./worker-parts.ts";

const failureBackoff = { firstMs: 200, maxMs: 5 * SECOND };
/** With a backlog, ballots of a higher lane wait at most this long and for one commit. */
const passMsMax = 500;
const shutdownMsMax = 5 * SECOND;
const fleetEveryMs = 5 * SECOND;

/**
 * Waits for MySQL for as long as it takes: a worker that gave up could go unnoticed.
 *
 * @throws SchemaMismatch when this program cannot work with the schema.
 */
function waitForSchema({ store, log }: WorkerParts): Promise<void> {
  return retry(() => checkSchema(store), {
    ...failureBackoff,
    retryable: error => isStoreFailure(error),
    onFailure: (error, failures) => {
      log.warn({ event: "waiting_for_mysql", failures, ...describeError(error) });
    },
  });
}

const stateOf = ({ clock }: WorkerParts) => ({
  heldSinceMs: undefined,
  clockAheadMs: wallMs() - clock.nowMs(),
});

/** Keeps this worker's row in the fleet record, and its view of the others. Never rejects. */
async function keepRegistered(worker: WorkerParts): Promise<void> {
  const { fleet, registration, log, clock } = worker;
  const { identity } = registration;
  giveWayTo(await fleet.exchange(identity, stateOf(worker), clock.nowMs()), log);
  try {
    await registration.report(stateOf(worker));
    await fleet.refresh();
    giveWayTo(fleet.conflictOf(identity), log);
  } catch (error) {
    // MySQL is away, which the passes report.
    if (!isStoreFailure(error)) log.error({ event: "fleet_not_read", ...describeError(error) });
  }
}

/** Ends this process when its settings differ from those of one that started earlier. */
function giveWayTo(conflict: Conflict | undefined, log: WorkerParts["log"]): void {
  if (!conflict) return;
  log.fatal({ event: "settings_differ", sentence: conflict.sentence });
  stopWith(exitStatus.config);
}

/** Without MySQL, the others notice by themselves that this process has ended. */
async function leave({ registration, fleet }: WorkerParts): Promise<void> {
  await fleet.leave(registration.identity);
  await orWhenMysqlFails(registration.end(), () => undefined);
}

/** How long a start waits for the books, which a pass reads again. */
const booksMsMax = SECOND;

/** Slots that the pass dealt with. After some, the next pass follows soon. */
const foundIn = ({ slots, missing, letters }: PassSummary): number => slots + missing + letters;

/**
 * Runs until SIGTERM or SIGINT; resolves when the pass under way is finished.
 *
 * @param lines - a copy of the log, for the status page.
 */
export async function runDaemon(worker: WorkerParts, lines: LogLines): Promise<void> {
  await waitForSchema(worker);
  worker.agreed.emptiesLeftovers = true;
  const { clock, config, log } = worker;
  const stop = new AbortController();
  await clock.measure();
  await worker.fleet.join(worker.registration, stateOf(worker));
  void clock.watch(stop.signal);
  await keepRegistered(worker);
  const registered = every(fleetEveryMs, () => keepRegistered(worker), stop.signal);
  const maintenance = new Maintenance(worker);
  const kickstart = new KickstartListener(log);
  const schedule = new Schedule(kickstart, config.flushIntervalMs);
  const state: WorkerState = {
    startedAtMs: clock.nowMs(),
    passes: 0,
    kickstarts: 0,
    passBeganAtMs: undefined,
    lastPass: undefined,
    lastError: undefined,
  };
  const history = new History();
  const metrics = new Metrics();
  // The first reading of the metrics has the books, if MySQL tells them soon.
  await inTime(worker.books.refreshTotal(), booksMsMax, () => new Error("later")).catch(() => {});
  const status = await startStatusServer({ worker, state, history, metrics, lines });
  await kickstart.listen(config.kickstartHost, config.workerPort);

  const pass = async (because: "kickstart" | "interval"): Promise<boolean> => {
    const startedMs = monotonicMs();
    schedule.begin();
    state.passBeganAtMs = clock.nowMs();
    const summary = await onePass(worker, maintenance, {
      signal: stop.signal,
      waitForMissing: false,
      withinMs: passMsMax,
    }).finally(() => {
      state.passBeganAtMs = undefined;
    });
    const ms = monotonicMs() - startedMs;
    state.passes += 1;
    state.lastPass = { summary, atMs: clock.nowMs(), ms };
    if (because === "kickstart") state.kickstarts += 1;
    metrics.passed(summary, ms, because, clock.nowMs());
    const { counted, duplicates, redelivered, replaced, commits, slots } = summary;
    const ballots = counted + duplicates + redelivered + replaced;
    history.add(clock.nowMs(), { ballots, commits, slots });
    const found = foundIn(summary) > 0;
    if (found) log.info({ event: "flushed", ms: Math.round(ms), ...summary });
    return found;
  };
  const loop = async () => {
    let kicked = false;
    const onFailure = (error: unknown, failures: number) => {
      metrics.failed();
      state.lastError = { atMs: clock.nowMs(), error: describeError(error) };
      log.warn({ event: "pass_failed", failures, ...describeError(error) });
    };
    const { signal } = stop;
    while (!signal.aborted) {
      try {
        const work = () => pass(kicked ? "kickstart" : "interval");
        const found = await retry(work, { ...failureBackoff, signal, onFailure });
        kicked = await schedule.next(found, signal);
      } catch (error) {
        // Reported by `onFailure`: the worker was stopped after a failed pass.
        if (!signal.aborted) throw error;
      }
    }
  };
  const running = loop();
  const finishPass = () => {
    stop.abort();
    return running;
  };
  onShutdown(
    log,
    [
      { name: "finish the pass", run: finishPass },
      { name: "close the pages", run: status.close },
      { name: "leave the fleet record", run: () => registered.then(() => leave(worker)) },
      { name: "close connections", run: worker.close },
    ],
    shutdownMsMax,
  );
  log.info({ event: "worker_started", status: status.url });
  await running;
  kickstart.close();
}
