/**
 * The front's entry: one HTTP server with Next behind it and the hot routes before it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";
import next from "next";
import { SECOND, sleep } from "#lib/clock.ts";
import { ConfigError } from "#lib/config.ts";
import { type Runtime, runtime } from "#lib/runtime.ts";
import { crashOnBugs, onShutdown } from "#lib/shutdown.ts";
import { proxyList, stampAddress } from "./client-address.ts";
import { hotRoute } from "./hot-routes.ts";

const exitConfig = 78;
const shutdownMsMax = 10 * SECOND;
const headersMsMax = 10 * SECOND;
const requestMsMax = 30 * SECOND;
/** Longer than any proxy's, so that it is not us who closes a connection that is about to be used. */
const keepAliveMs = 75 * SECOND;

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** Calls a route function with a Web request, and writes its answer. */
function hotListener(): Listener {
  const listener = getRequestListener(
    request => {
      const { pathname } = new URL(request.url);
      const hot = hotRoute(request.method, pathname);
      if (!hot) throw new RangeError(`no hot route for ${pathname}`);
      return hot.handler(request, { params: Promise.resolve({ poll: hot.poll }) });
    },
    { overrideGlobalObjects: false },
  );
  return (request, response) => void listener(request, response);
}

async function start(at: Runtime): Promise<void> {
  const { PORT: port, HOST: hostname, FLOODGATE_TRUSTED_PROXIES } = at.config;
  const proxies = proxyList(FLOODGATE_TRUSTED_PROXIES);
  const app = next({ dev: false, hostname, port, dir: process.cwd() });
  await app.prepare();
  const handleByNext = app.getRequestHandler();
  const handleHot = hotListener();

  const server = createServer(
    { headersTimeout: headersMsMax, requestTimeout: requestMsMax, keepAliveTimeout: keepAliveMs },
    (request, response) => {
      stampAddress(request, proxies);
      if (hotRoute(request.method ?? "", request.url ?? "")) handleHot(request, response);
      else void handleByNext(request, response);
    },
  );
  // Nothing here speaks WebSocket; what asks to be upgraded is not passed on.
  server.on("upgrade", (_request, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, resolve);
  });
  at.log.info({ event: "front_started", hostname, port, publicUrl: at.config.publicUrl });

  onShutdown(
    at.log,
    [
      { name: "answer what was asked", run: () => closeServer(server) },
      { name: "finish rounds and close connections", run: at.close },
      { name: "stop Next", run: () => app.close() },
    ],
    shutdownMsMax,
  );
}

/** No new connections; idle ones are closed, busy ones when they have their answer. */
async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>(resolve => server.close(() => resolve()));
  server.closeIdleConnections();
  const patience = sleep(requestMsMax).then(() => server.closeAllConnections());
  await Promise.race([closed, patience]);
}

try {
  const at = runtime();
  crashOnBugs(at.log);
  await start(at);
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof RangeError)) throw error;
  process.stderr.write(`front: ${error.message}\n`);
  process.exit(exitConfig);
}
