/**
 * The flush worker: a daemon that brings ballots from the queues into MySQL. `floodgate flush` is one pass of the
 * same; any number of both may run side by side.
 */
import { Descriptors } from "#lib/base/descriptors.ts";
import { createLog } from "#lib/base/log.ts";
import { LogLines } from "#lib/base/log-lines.ts";
import { redirectConsole } from "#lib/base/output.ts";
import { crashOnBugs } from "#lib/base/shutdown.ts";
import { warnOfUnsupportedNode } from "#lib/base/supported-node.ts";
import { loadConfig } from "#lib/config/config.ts";
import { createProgram, runProgram } from "#lib/program/command-line.ts";
import { checkEncryption } from "#lib/program/database-encryption.ts";
import { runDaemon } from "./daemon.ts";
import { keepHeapSmall } from "./heap.ts";
import { buildWorker } from "./worker-parts.ts";

/** Log lines on the status page. */
const linesKept = 1_000;

const program = createProgram(
  {
    name: "worker",
    summary: "bring ballots from the queues into MySQL, all the time",
    description:
      "The flush worker. Runs until SIGTERM or SIGINT, then finishes the transaction under way. Settings come from the " +
      "environment (docs/configuration.md). For one pass, as from cron, use `floodgate flush`.",
    statuses: { 0: "it was stopped in order", 1: "it failed, or could not stop in time" },
    examples: ["npm run worker"],
  },
  async () => {
    keepHeapSmall();
    redirectConsole();
    const config = loadConfig();
    await checkEncryption(config);
    const lines = new LogLines(linesKept);
    const log = createLog("worker", config.logLevel, lines);
    crashOnBugs(log);
    warnOfUnsupportedNode(log);
    void new Descriptors(log).watch();
    await runDaemon(buildWorker(config, log), lines);
    return undefined;
  },
);

await runProgram(program);
