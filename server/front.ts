/**
 * The front's entry. With one process (`FLOODGATE_FRONT_PROCESSES=1`) it serves requests itself; with more, it only
 * supervises the serving processes. In both cases Next.js runs in a process of its own, which is started last: votes do
 * not need it.
 */
import cluster from "node:cluster";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { SECOND } from "#lib/base/clock.ts";
import { Descriptors } from "#lib/base/descriptors.ts";
import { createLog } from "#lib/base/log.ts";
import { redirectConsole } from "#lib/base/output.ts";
import { crashOnBugs, onShutdown } from "#lib/base/shutdown.ts";
import { warnOfUnsupportedNode } from "#lib/base/supported-node.ts";
import { makeStateDirectory } from "#lib/books/accepted-count-file.ts";
import { type Config, loadConfig } from "#lib/config/config.ts";
import { proxyList } from "#lib/http/client-address.ts";
import { createProgram, runProgram } from "#lib/program/command-line.ts";
import { checkEncryption } from "#lib/program/database-encryption.ts";
import { type Front, getFront } from "#lib/web/front.ts";
import { Fleet } from "./fleet.ts";
import { NextSocket } from "./next-socket.ts";
import { NextSupervisor } from "./next-supervisor.ts";
import { isNextAddress, stopMessage } from "./process-messages.ts";
import { serve } from "./serve.ts";

/** Stopping takes long only while ballots have to be replayed (`ballots/replay.ts`). */
const shutdownMsMax = 30 * SECOND;

/** The bundle beside this one. */
const nextProgram = fileURLToPath(new URL("./pages.mjs", import.meta.url));

const started = ({ config, log }: Pick<Front, "config" | "log">) => {
  const { host: hostname, port, frontProcesses: processes, publicUrl } = config;
  log.info({ event: "front_started", hostname, port, processes, publicUrl });
  warnOfUnsupportedNode(log);
};

/** Serves in this process, beside a Next process. */
async function serveAlone(front: Front): Promise<void> {
  // A single process can't be replaced without a gap, so it goes on as it is.
  process.on("SIGHUP", () => {
    const detail =
      "a reload needs FLOODGATE_FRONT_PROCESSES of 2 or more; restart the front instead";
    front.log.warn({ event: "reload_refused", detail });
  });
  const next = new NextSocket(front.serving);
  const child = new NextSupervisor(nextProgram, front.log, path => next.move(path));
  const steps = await serve(front, next);
  onShutdown(front.log, [...steps, { name: "stop Next", run: () => child.stop() }], shutdownMsMax);
  started(front);
  child.keepRunning();
}

/** One of several serving processes: the parent sends the Next process's address, and when to stop. */
async function serveAsOneOfMany(front: Front): Promise<void> {
  const next = new NextSocket(front.serving, process.argv[2]);
  process.on("message", message => {
    if (isNextAddress(message)) next.move(message.nextAt);
    else if (message === stopMessage) stop(stopMessage);
  });
  // At a reload the signal reaches the whole process group; the parent acts on it.
  process.on("SIGHUP", () => {});
  const steps = await serve(front, next);
  const stop = onShutdown(front.log, steps, shutdownMsMax);
}

/** Tries the port before any process is started. @throws what `listen` throws, like EADDRINUSE. */
async function checkPort({ port, host }: Config): Promise<void> {
  const server = createServer().listen(port, host);
  await once(server, "listening");
  server.close();
  await once(server, "close");
}

/** Supervises several serving processes and the Next process. */
async function superviseFleet(): Promise<void> {
  const config = loadConfig();
  const log = createLog("front", config.logLevel);
  crashOnBugs(log);
  void new Descriptors(log).watch();
  const fleet = new Fleet(config, log);
  const child = new NextSupervisor(nextProgram, log, path => fleet.announceNextSocket(path));
  await checkPort(config);
  await fleet.start();
  process.on("SIGHUP", () => {
    log.info({ event: "rolling_restart", pids: fleet.pids });
    void fleet.roll().then(() => child.replace());
  });
  onShutdown(
    log,
    [
      { name: "stop the serving processes", run: () => fleet.stop() },
      { name: "stop Next", run: () => child.stop() },
    ],
    shutdownMsMax + SECOND,
  );
  started({ config, log });
  child.keepRunning();
}

async function start(): Promise<undefined> {
  redirectConsole();
  const config = loadConfig();
  // What is wrong is reported once, before any process is started.
  proxyList(config.trustedProxies);
  if (config.stateDir !== undefined) makeStateDirectory(config.stateDir);
  if (cluster.isPrimary) await checkEncryption(config);
  if (cluster.isPrimary && config.frontProcesses > 1) {
    await superviseFleet();
  } else {
    const front = getFront();
    crashOnBugs(front.log);
    await (cluster.isPrimary ? serveAlone(front) : serveAsOneOfMany(front));
  }
  return undefined;
}

const program = createProgram(
  {
    name: "front",
    summary: "serve readers and editors",
    description:
      "The HTTP server. Runs until SIGTERM or SIGINT, then answers what it has accepted. SIGHUP replaces the serving " +
      "processes one by one, with FLOODGATE_FRONT_PROCESSES of 2 or more. Settings come from the environment " +
      "(docs/configuration.md).",
    statuses: { 0: "it was stopped in order", 1: "it failed, or could not stop in time" },
    examples: ["npm start"],
  },
  start,
);

// A serving process is started with arguments of its parent's, not with an operator's.
await runProgram(program, cluster.isPrimary ? process.argv.slice(2) : []);
