/** `floodgate flush`: one pass over everything that waits, and one line about it. */
import { monotonicMs, SECOND } from "#lib/base/clock.ts";
import { createLog } from "#lib/base/log.ts";
import { crashOnBugs } from "#lib/base/shutdown.ts";
import { ConfigError } from "#lib/config/config.ts";
import type { PassSummary } from "#lib/flush/flusher.ts";
import { createProgram, exitStatus } from "#lib/program/command-line.ts";
import { checkSchema, SchemaMismatch } from "#lib/store/migrate.ts";
import { keepHeapSmall } from "../../worker/heap.ts";
import { Maintenance, onePass } from "../../worker/maintenance.ts";
import { buildWorker, type WorkerParts } from "../../worker/worker-parts.ts";
import { operatorSettings } from "../operator-settings.ts";
import { print } from "../print.ts";
import { ProgressLine, passLine } from "../progress.ts";

/** A MySQL that hangs may keep a statement for longer; nothing is lost by not waiting for it. */
const shutdownMsMax = 5 * SECOND;

export const command = createProgram(
  {
    name: "flush",
    summary: "bring the waiting ballots into MySQL, once",
    description:
      "Makes one flush pass with the maintenance that follows it, exactly as the worker daemon does, and prints one " +
      "line. For cron, in place of the daemon or beside it: passes may overlap. On a terminal, a long pass shows its " +
      "progress.",
    statuses: {
      0: "all queues were flushed",
      1: "MySQL or a queue server could not be reached; nothing is lost, run it again",
    },
    examples: ["floodgate flush"],
  },
  async () => {
    keepHeapSmall();
    const { config } = operatorSettings();
    const log = createLog("flush", "warn");
    crashOnBugs(log);
    return flush(buildWorker(config, log));
  },
);

/** Makes the pass; gives the exit status. */
async function flush(worker: WorkerParts): Promise<number> {
  const startedMs = monotonicMs();
  const stop = new AbortController();
  const line = new ProgressLine(process.stderr, passLine);
  const end = () => {
    stop.abort();
    setTimeout(() => process.exit(exitStatus.failed), shutdownMsMax).unref();
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
  try {
    await checkSchema(worker.store);
    worker.agreed.emptiesLeftovers = true;
    await worker.clock.measure();
    await worker.fleet.compare(worker.registration.identity.settings);
    const summary = await onePass(worker, new Maintenance(worker), {
      signal: stop.signal,
      waitForMissing: true,
      progress: line.show,
    });
    await worker.background.ended();
    line.clear();
    print(sentence(summary, monotonicMs() - startedMs));
    return summary.unreachable.length > 0 ? exitStatus.failed : exitStatus.ok;
  } catch (error) {
    line.clear();
    if (error instanceof SchemaMismatch || error instanceof ConfigError) throw error;
    // On standard output, like the line of a pass that succeeds: cron sends that to the log.
    print(`flush: failed: ${error instanceof Error ? error.message : error}`);
    return exitStatus.failed;
  } finally {
    await worker.close();
  }
}

function sentence(summary: PassSummary, ms: number): string {
  const {
    counted,
    duplicates,
    redelivered,
    replaced,
    repeated,
    slots,
    missing,
    letters,
    waiting,
    unreachable,
  } = summary;
  const away = unreachable.length > 0 ? `; can't reach ${unreachable.join(", ")}` : "";
  return (
    `flush: ${counted} ballots counted from ${slots} slots (${repeated} repeated) in ${Math.round(ms)} ms; ` +
    `${duplicates} duplicates, ${redelivered} redelivered, ${replaced} replaced, ${letters} dead letters, ` +
    `${missing} missing slots; ${waiting} slots waiting${away}`
  );
}
