/**
 * One serving process: an HTTP server that answers the hot routes itself and passes everything else on to
 * the pages process.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { monotonicMs, SECOND, sleep } from "#lib/base/clock.ts";
import type { ShutdownStep } from "#lib/base/shutdown.ts";
import type { Front } from "#lib/web/front.ts";
import { hotListener } from "./adapter.ts";
import { proxyList, stampAddress } from "./client-address.ts";
import { hotRoute } from "./hot-routes.ts";
import { proxyToNext, refuse } from "./next-proxy.ts";

const headersMsMax = 10 * SECOND;
const requestMsMax = 30 * SECOND;
/** Longer than any proxy's, so that it is not us who closes a connection that is about to be used. */
const keepAliveMs = 75 * SECOND;
const idleLookMs = 20;
/** Every request is answered within 3 s: who has no answer then is still sending, and is not waited for. */
const answerMsMax = 5 * SECOND;
/** Of the 3 s in which every request is answered. */
const pagesWaitMs = 2.2 * SECOND;
const pagesLookMs = 50;

/** Where the pages process answers right now. */
export interface PagesAddress {
  path: string | null;
}

/**
 * Starts serving.
 *
 * @returns the steps that end it, in their order.
 * @throws ConfigError when FLOODGATE_TRUSTED_PROXIES is wrong; what `listen` throws.
 */
export async function serve(front: Front, pages: PagesAddress): Promise<ShutdownStep[]> {
  const { port, host: hostname, trustedProxies } = front.config;
  const proxies = proxyList(trustedProxies);
  const handleHot = hotListener(front);
  const server = createServer(
    { headersTimeout: headersMsMax, requestTimeout: requestMsMax, keepAliveTimeout: keepAliveMs },
    (request, response) => {
      // Who asks on and on over one connection would keep us from ending.
      if (!server.listening) response.setHeader("Connection", "close");
      stampAddress(request, proxies);
      const hot = hotRoute(request.method ?? "", request.url ?? "");
      if (hot) handleHot(request, response, hot);
      else void handleByPages(request, response, pages);
    },
  );
  // Nothing here speaks WebSocket; what asks to be upgraded is not passed on.
  server.on("upgrade", (_request, socket) => socket.destroy());
  const close = closer(server);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, resolve);
  });
  return [
    { name: "send viewers on", run: () => front.live.stop() },
    { name: "answer what was asked", run: close },
    { name: "finish rounds and close connections", run: front.close },
  ];
}

/** A pages process that ended is back within seconds: wait a little. */
async function handleByPages(
  request: IncomingMessage,
  response: ServerResponse,
  pages: PagesAddress,
): Promise<void> {
  const untilMs = monotonicMs() + pagesWaitMs;
  while (pages.path === null && monotonicMs() < untilMs) await sleep(pagesLookMs);
  if (pages.path === null) await refuse(response);
  else proxyToNext(request, response, pages.path);
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
    const patience = sleep(answerMsMax).then(() => server.closeAllConnections());
    await Promise.race([closed, patience]);
    clearInterval(closing);
  };
}
