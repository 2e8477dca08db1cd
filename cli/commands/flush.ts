/** The one-shot, for cron: one pass over everything that waits, and one line. */
import { monotonicMs, SECOND } from "#lib/base/clock.ts";
import type { PassSummary } from "#lib/flush/flusher.ts";
import { checkSchema, SchemaMismatch } from "#lib/store/migrate.ts";
import { Maintenance, onePass } from "../../worker/maintenance.ts";
import type { WorkerParts } from "../../worker/worker-parts.ts";
import { ProgressLine } from "../progress.ts";

/** A MySQL that hangs may keep a statement for longer; nothing is lost by not waiting for it. */
const shutdownMsMax = 5 * SECOND;

/** Runs it; gives the exit status: 0 when it went through. */
export async function runOnce(worker: WorkerParts): Promise<number> {
  const startedMs = monotonicMs();
  const stop = new AbortController();
  const line = new ProgressLine(process.stderr);
  const end = () => {
    stop.abort();
    setTimeout(() => process.exit(1), shutdownMsMax).unref();
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
  try {
    await checkSchema(worker.store);
    const summary = await onePass(worker, new Maintenance(worker), {
      signal: stop.signal,
      waitForHoles: true,
      progress: line.show,
    });
    line.clear();
    process.stdout.write(`${sentence(summary, monotonicMs() - startedMs)}\n`);
    return summary.unreachable.length > 0 ? 1 : 0;
  } catch (error) {
    line.clear();
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
    replaced,
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
    `${duplicates} duplicates, ${redelivered} redelivered, ${replaced} replaced, ${letters} dead letters, ` +
    `${holes} holes; ${waiting} slots waiting${away}`
  );
}
