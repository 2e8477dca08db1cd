/**
 * One serving process: an HTTP server that answers the hot routes itself and passes everything else on to the Next
 * process.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { monotonicMs, SECOND, sleep } from "#lib/base/clock.ts";
import { Descriptors } from "#lib/base/descriptors.ts";
import type { ShutdownStep } from "#lib/base/shutdown.ts";
import type { Config } from "#lib/config/config.ts";
import { proxyList, stampAddress } from "#lib/http/client-address.ts";
import { refuseMalformed } from "#lib/http/malformed-requests.ts";
import { checkRequest } from "#lib/http/request-check.ts";
import type { Front } from "#lib/web/front.ts";
import { hotListener } from "./adapter.ts";
import { ConnectionLimit } from "./connection-limit.ts";
import { hotRoute } from "./hot-routes.ts";
import { proxyToNext, refuse, refuseUnreadable } from "./next-proxy.ts";
import type { NextSocket } from "./next-socket.ts";
import { VoteConnections } from "./vote-connections.ts";

const headersMsMax = 10 * SECOND;
const requestMsMax = 30 * SECOND;
/** Longer than any proxy's, so that the proxy closes idle connections: closing one that is being reused loses a request. */
const keepAliveMs = 75 * SECOND;
const closeIdleEveryMs = 20;
/** Every request is answered within 3 s: a client without an answer after this is still sending, and is cut off. */
const answerMsMax = 5 * SECOND;
/** Below the 3 s in which every request is answered. */
const nextWaitMs = 2.2 * SECOND;
const nextPollMs = 50;
const firstMeasureMsMax = 0.5 * SECOND;

/**
 * Starts serving.
 *
 * @returns the steps that end it, in their order.
 * @throws ConfigError when FLOODGATE_TRUSTED_PROXIES is not valid; what `listen` throws.
 */
export async function serve(front: Front, next: NextSocket): Promise<ShutdownStep[]> {
  const { port, host: hostname, trustedProxies, publicUrl } = front.config;
  // A vote in the first seconds must not be judged by a wrong clock; but votes do not wait for a silent server.
  await Promise.race([front.clock.measure(), sleep(firstMeasureMsMax)]);
  await front.voting().join();
  const proxies = proxyList(trustedProxies);
  const handleHot = hotListener(front);
  const server = createServer(
    { headersTimeout: headersMsMax, requestTimeout: requestMsMax, keepAliveTimeout: keepAliveMs },
    (request, response) => {
      // While stopping: a client that goes on using its connection would delay the end.
      if (!server.listening) response.setHeader("Connection", "close");
      const unreadable = checkRequest(request, publicUrl);
      if (unreadable) {
        void refuseUnreadable(request, response, front.config, unreadable);
        return;
      }
      front.clientAddresses.note(stampAddress(request, proxies), request.socket);
      const hot = hotRoute(request.method ?? "", request.url ?? "");
      if (hot) handleHot(request, response, hot);
      else void handleByNext(request, response, next, front.config);
    },
  );
  // Nothing listens for upgrades, so Node leaves them out, and answers such a request as any other.
  refuseMalformed(server);
  server.on("checkExpectation", (request, response) => server.emit("request", request, response));
  const descriptors = new Descriptors(front.log);
  await descriptors.look();
  const votes = new VoteConnections(server, {
    front,
    proxies,
    firstRequestMs: headersMsMax,
    keepAliveMs,
  });
  const closeIdle = () => {
    server.closeIdleConnections();
    votes.closeIdle();
  };
  const limit = new ConnectionLimit(server, closeIdle, descriptors, front.log, front.serving);
  void descriptors.watch(limit.update);
  const close = closer(server, closeIdle);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, resolve);
  });
  return [
    { name: "end the viewers' streams", run: () => front.live.stop() },
    { name: "answer the requests under way", run: close },
    { name: "finish rounds and close connections", run: front.close },
  ];
}

/** Waits a little for a Next process that is being restarted. */
async function handleByNext(
  request: IncomingMessage,
  response: ServerResponse,
  next: NextSocket,
  config: Config,
): Promise<void> {
  const untilMs = monotonicMs() + nextWaitMs;
  while (next.path === null && monotonicMs() < untilMs) await sleep(nextPollMs);
  if (next.path === null) await refuse(request, response, config);
  else proxyToNext(request, response, { socketPath: next.path, away: next.away }, config);
}

/**
 * A function that closes the server: no new connections; idle ones are closed at once, busy ones after their answer.
 */
function closer(server: Server, closeIdle: () => void): () => Promise<void> {
  const open = new Set<Socket>();
  server.on("connection", socket => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  return async () => {
    const closed = new Promise<void>(resolve => server.close(() => resolve()));
    closeIdle();
    const closing = setInterval(closeIdle, closeIdleEveryMs);
    const timeOut = sleep(answerMsMax).then(() => {
      for (const socket of open) socket.destroy();
    });
    await Promise.race([closed, timeOut]);
    clearInterval(closing);
  };
}
