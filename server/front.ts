/**
 * The front's entry: one HTTP server with Next behind it and the hot routes before it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
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
const idleLookMs = 20;

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
  const close = closer(server);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, resolve);
  });
  at.log.info({ event: "front_started", hostname, port, publicUrl: at.config.publicUrl });

  onShutdown(
    at.log,
    [
      { name: "send viewers on", run: () => at.live.stop() },
      { name: "answer what was asked", run: close },
      { name: "finish rounds and close connections", run: at.close },
      { name: "stop Next", run: () => app.close() },
    ],
    shutdownMsMax,
  );
}

/**
 * A way to close the server: no new connections; idle ones are closed, busy ones when they have their
 * answer.
 */
function closer(server: Server): () => Promise<void> {
  const open = new Set<Socket>();
  server.on("connection", socket => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  const closeIdle = () => {
    server.closeIdleConnections();
    // Browsers open some in advance; without a first request, Node does not count them as idle.
    for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
  };
  return async () => {
    const closed = new Promise<void>(resolve => server.close(() => resolve()));
    closeIdle();
    const closing = setInterval(closeIdle, idleLookMs);
    const patience = sleep(requestMsMax).then(() => server.closeAllConnections());
    await Promise.race([closed, patience]);
    clearInterval(closing);
  };
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
