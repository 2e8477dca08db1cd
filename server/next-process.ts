/**
 * The Next process: Next.js on a private socket of its parent. The front passes editors' pages and calls on to it;
 * hot routes never get here.
 *
 * It ends with its parent, by a message or when the channel between the two closes. Signals reach the whole process
 * group, and the parent acts on them.
 */
import { rmSync } from "node:fs";
import { createServer } from "node:http";
import next from "next";
import { SECOND } from "#lib/base/clock.ts";
import { Descriptors } from "#lib/base/descriptors.ts";
import { redirectConsole } from "#lib/base/output.ts";
import { crashOnBugs } from "#lib/base/shutdown.ts";
import { getFront } from "#lib/web/front.ts";
import { isProbe } from "./probe.ts";
import { nextReady, stopMessage } from "./process-messages.ts";

const [socketPath] = process.argv.slice(2);
if (!socketPath || !process.send)
  throw new RangeError("the Next process is started by the front, with a socket path");

redirectConsole();
const front = getFront("on_first_use");
crashOnBugs(front.log);
void new Descriptors(front.log).watch();
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => {});

const { port, host: hostname } = front.config;
const app = next({ dev: false, hostname, port, dir: process.cwd() });

async function stop(): Promise<void> {
  server.close();
  server.closeIdleConnections();
  rmSync(socketPath ?? "", { force: true });
  await front.close();
  await app.close();
  process.exit(0);
}
process.on("disconnect", () => void stop());
process.on("message", message => {
  if (message === stopMessage) void stop();
});

const server = createServer({ requestTimeout: 30 * SECOND });
await app.prepare();
const handle = app.getRequestHandler();
server.on("request", (request, response) => {
  if (isProbe(request)) response.writeHead(204).end();
  else void handle(request, response);
});
server.listen(socketPath, () => process.send?.(nextReady));
