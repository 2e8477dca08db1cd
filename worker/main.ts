/**
 * The flush worker's entry: a daemon, or with `--once` one pass for cron. Both run the same pass and the
 * same upkeep; any number of both may run side by side.
 */

import { createLog } from "#lib/base/log.ts";
import { LogLines } from "#lib/base/log-lines.ts";
import { crashOnBugs } from "#lib/base/shutdown.ts";
import { ConfigError, loadConfig } from "#lib/config/config.ts";
import { SchemaMismatch } from "#lib/store/migrate.ts";
import { runOnce } from "../cli/commands/flush.ts";
import { operatorSettings } from "../cli/settings.ts";
import { runDaemon } from "./daemon.ts";
import { keepHeapSmall } from "./heap.ts";
import { buildWorker } from "./worker-parts.ts";

const exitUsage = 64;
const exitConfig = 78;
/** Log lines on the status page. */
const linesKept = 1_000;

async function main(): Promise<void> {
  keepHeapSmall();
  const once = process.argv.includes("--once");
  if (process.argv.slice(2).some(argument => argument !== "--once")) {
    process.stderr.write("usage: worker [--once]\n");
    process.exit(exitUsage);
  }
  try {
    const config = once ? operatorSettings().config : loadConfig();
    const lines = new LogLines(linesKept);
    const log = createLog("worker", once ? "warn" : config.logLevel, lines);
    crashOnBugs(log);
    const worker = buildWorker(config, log);
    if (once) process.exit(await runOnce(worker));
    await runDaemon(worker, lines);
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof SchemaMismatch)) throw error;
    process.stderr.write(`worker: ${error.message}\n`);
    process.exit(exitConfig);
  }
}

await main();
