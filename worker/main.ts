/**
 * The flush worker's entry: a daemon, or with `--once` one pass for cron. Both run the same pass and the
 * same upkeep; any number of both may run side by side.
 */
import { monotonicMs, SECOND, sleep, wallMs } from "#lib/clock.ts";
import { ConfigError, loadConfig } from "#lib/config.ts";
import type { PassSummary } from "#lib/flush/pass.ts";
import { createLog, describeError } from "#lib/log.ts";
import { backoffMs } from "#lib/retry.ts";
import { crashOnBugs, onShutdown } from "#lib/shutdown.ts";
import { checkSchema, SchemaMismatch } from "#lib/store/migrate.ts";
import { isStoreFailure } from "#lib/store/pool.ts";
import { buildWorker, type WorkerRuntime } from "./runtime.ts";
import { startStatusServer, type WorkerState } from "./status.ts";
import { Upkeep } from "./upkeep.ts";

const exitUsage = 64;
const exitConfig = 78;
const failureBackoff = { firstMs: 200, maxMs: 5 * SECOND };
const shutdownMsMax = 5 * SECOND;

async function onePass(
  worker: WorkerRuntime,
  upkeep: Upkeep,
  options: { signal: AbortSignal; waitForHoles: boolean },
) {
  const startedAtMs = wallMs();
  const summary = await worker.flusher.pass(options);
  const { lastDisturbanceMs } = worker.flusher;
  await upkeep.step({ summary, startedAtMs, lastDisturbanceMs });
  return summary;
}

/** One pass: everything that waits now. Prints one line; the exit status is 0 when it went through. */
async function runOnce(worker: WorkerRuntime): Promise<number> {
  const startedMs = monotonicMs();
  const stop = new AbortController();
  process.on("SIGTERM", () => stop.abort());
  process.on("SIGINT", () => stop.abort());
  try {
    await checkSchema(worker.store);
    const summary = await onePass(worker, new Upkeep(worker), {
      signal: stop.signal,
      waitForHoles: true,
    });
    process.stdout.write(`${sentence(summary, monotonicMs() - startedMs)}\n`);
    return summary.unreachable.length > 0 ? 1 : 0;
  } catch (error) {
    if (error instanceof SchemaMismatch) throw error;
    process.stdout.write(`flush: failed: ${error instanceof Error ? error.message : error}\n`);
    return 1;
  } finally {
    await worker.close();
  }
}

function sentence(summary: PassSummary, ms: number): string {
  const {
    counted,
    duplicates,
    redelivered,
    repeated,
    slots,
    holes,
    letters,
    waiting,
    unreachable,
  } = summary;
  const away = unreachable.length > 0 ? `; can't reach ${unreachable.join(", ")}` : "";
  return (
    `flush: ${counted} ballots counted from ${slots} slots (${repeated} repeated) in ${Math.round(ms)} ms; ` +
    `${duplicates} duplicates, ${redelivered} redelivered, ${letters} dead letters, ` +
    `${holes} holes; ${waiting} slots waiting${away}`
  );
}

/**
 * Waits for MySQL for as long as it takes: a worker that gave up would have to be noticed.
 *
 * @throws SchemaMismatch when the schema is not one to work with.
 */
async function schemaIsThere({ store, log }: WorkerRuntime): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await checkSchema(store);
    } catch (error) {
      if (!isStoreFailure(error)) throw error;
      log.warn({ event: "waiting_for_mysql", attempt, ...describeError(error) });
      await sleep(backoffMs(failureBackoff, attempt));
    }
  }
}

/** Passes, one after the other, until it is told to stop. */
async function runDaemon(worker: WorkerRuntime): Promise<void> {
  const { config, log } = worker;
  const stop = new AbortController();
  const upkeep = new Upkeep(worker);
  const state: WorkerState = {
    startedAtMs: wallMs(),
    passes: 0,
    lastPass: undefined,
    lastError: undefined,
  };
  const status = await startStatusServer(worker, state);
  const loop = async () => {
    for (let failures = 0; !stop.signal.aborted; ) {
      try {
        const startedMs = monotonicMs();
        const summary = await onePass(worker, upkeep, { signal: stop.signal, waitForHoles: false });
        const ms = monotonicMs() - startedMs;
        state.passes += 1;
        state.lastPass = { summary, atMs: wallMs(), ms };
        failures = 0;
        if (summary.slots + summary.holes + summary.letters > 0) {
          log.info({ event: "flushed", ms: Math.round(ms), ...summary });
        }
        await sleep(config.FLUSH_INTERVAL, stop.signal);
      } catch (error) {
        failures += 1;
        state.lastError = { atMs: wallMs(), error: describeError(error) };
        log.warn({ event: "pass_failed", failures, ...describeError(error) });
        await sleep(backoffMs(failureBackoff, failures), stop.signal);
      }
    }
  };
  const running = loop();
  onShutdown(
    log,
    [
      {
        name: "finish the pass",
        run: () => {
          stop.abort();
          return running;
        },
      },
      { name: "close the pages", run: status.close },
      { name: "close connections", run: worker.close },
    ],
    shutdownMsMax,
  );
  log.info({ event: "worker_started", status: status.url });
  await running;
}

async function main(): Promise<void> {
  const once = process.argv.includes("--once");
  if (process.argv.slice(2).some(argument => argument !== "--once")) {
    process.stderr.write("usage: worker [--once]\n");
    process.exit(exitUsage);
  }
  try {
    const config = loadConfig();
    const log = createLog("worker", once ? "warn" : config.FLOODGATE_LOG_LEVEL);
    crashOnBugs(log);
    const worker = buildWorker(config, log);
    if (once) process.exit(await runOnce(worker));
    await schemaIsThere(worker);
    await runDaemon(worker);
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof SchemaMismatch)) throw error;
    process.stderr.write(`worker: ${error.message}\n`);
    process.exit(exitConfig);
  }
}

await main();
