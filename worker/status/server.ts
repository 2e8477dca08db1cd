/** The worker's own pages: a readable one, JSON, metrics for Prometheus, and health for whoever restarts it. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { MINUTE, wallMs } from "#lib/base/clock.ts";
import { describeError } from "#lib/base/log.ts";
import type { LogLines } from "#lib/base/log-lines.ts";
import { type DegradationStep, degradationStep } from "#lib/health/degradation.ts";
import { serversUp } from "#lib/memcached/placement.ts";
import { styleHash } from "../generated.ts";
import type { WorkerParts } from "../worker-parts.ts";
import { mayRead } from "./access.ts";
import type { History } from "./history.ts";
import { lossBound } from "./loss-bound.ts";
import type { Metrics } from "./metrics.ts";
import { renderStatusPage } from "./page.tsx";
import {
  isFailing,
  isStale,
  oldestWaitMs,
  type Survey,
  slotsWaiting,
  stateSentence,
  type WorkerState,
} from "./state.ts";
import { Surveyor } from "./survey.ts";

export interface StatusDeps {
  readonly worker: WorkerParts;
  readonly state: WorkerState;
  readonly history: History;
  readonly metrics: Metrics;
  readonly lines: LogLines;
}

interface Answer {
  readonly status?: number;
  readonly type: string;
  readonly body: string;
}

const html = "text/html; charset=utf-8";
const json = "application/json";
const filterLengthMax = 200;

const always = {
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Content-Security-Policy": `default-src 'none'; style-src ${styleHash}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
};

const toJson = (body: unknown, status = 200): Answer => ({
  status,
  type: json,
  body: `${JSON.stringify(body)}\n`,
});

type Pages = Readonly<Record<string, (url: URL) => Answer | Promise<Answer>>>;

function pagesOf({ worker, state, history, metrics, lines }: StatusDeps): Pages {
  const surveyor = new Surveyor(worker);
  return {
    "/": async url => {
      const filter = (url.searchParams.get("log") ?? "").slice(0, filterLengthMax);
      const survey = await surveyor.survey();
      const series = history.series(survey.atMs);
      const slotsPerSecond = history.slotsPerSecond(survey.atMs);
      const found = lines.find(filter);
      const { books } = worker;
      const copies = worker.config.queueCopies;
      const known = { state, survey, series, slotsPerSecond, books: books.whole, copies };
      const page = { ...known, filter, lines: found };
      return { type: html, body: renderStatusPage(page) };
    },
    "/status.json": async () => {
      const survey = await surveyor.survey();
      const slotsPerSecond = history.slotsPerSecond(survey.atMs);
      return toJson({
        status: isStale(state, survey.atMs) ? "stale" : isFailing(state) ? "failing" : "ok",
        step: stepOf(worker, state, survey),
        sentence: stateSentence(state, survey, slotsPerSecond).text,
        slotsWaiting: slotsWaiting(survey),
        oldestWaitMs: oldestWaitMs(survey),
        slotsPerSecond,
        books: worker.books.whole ?? null,
        lossBound: lossBound(survey, worker.config.queueCopies, worker.books.whole),
        ...state,
        ...survey,
      });
    },
    "/metrics": async () => ({
      type: metrics.registry.contentType,
      body: await metrics.expose(await surveyor.survey(), worker.books.whole),
    }),
  };
}

/** The step of the ladder, as far as a worker sees it. */
function stepOf(
  { queueServers }: WorkerParts,
  state: WorkerState,
  survey: Survey,
): DegradationStep {
  return degradationStep({
    queueServers: queueServers.length,
    queueServersUp: serversUp(queueServers).length,
    mysqlUp: !isFailing(state),
    lanesRefused: survey.lanesRefused,
  });
}

function health(state: WorkerState): Answer {
  const stale = isStale(state, wallMs());
  return toJson({ status: stale ? "stale" : "ok" }, stale ? 503 : 200);
}

/** Serves the pages where the configuration says; resolves when they can be asked for. */
export async function startStatusServer(
  deps: StatusDeps,
): Promise<{ url: string; close: () => Promise<void> }> {
  const { log, config } = deps.worker;
  const { workerHost: host, workerPort: port, workerToken: token } = config;
  const pages = pagesOf(deps);
  const answer = async (request: IncomingMessage, url: URL): Promise<Answer> => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return toJson({ status: "method not allowed" }, 405);
    }
    // Says nothing but "ok" or "stale", and whoever restarts processes has no token.
    if (url.pathname === "/healthz") return health(deps.state);
    const { authorization, host: asked } = request.headers;
    if (!mayRead({ host: asked, authorization }, token))
      return toJson({ status: "forbidden" }, token ? 401 : 403);
    const page = Object.hasOwn(pages, url.pathname) ? pages[url.pathname] : undefined;
    return page ? page(url) : toJson({ status: "not found" }, 404);
  };
  const server = createServer({ requestTimeout: MINUTE }, (request, response) => {
    const url = URL.parse(request.url ?? "", "http://worker");
    const answered = url
      ? answer(request, url)
      : Promise.resolve(toJson({ status: "not found" }, 404));
    void answered
      .catch((error: unknown) => {
        log.error({ event: "status_page_failed", ...describeError(error) });
        return toJson({ status: "failed" }, 500);
      })
      .then(result => send(response, result));
  });
  await listen(server, port, host);
  return {
    url: `http://${host}:${port}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, { status = 200, type, body }: Answer): void {
  const challenge = status === 401 && { "WWW-Authenticate": 'Basic realm="Floodgate worker"' };
  response.writeHead(status, { ...always, "Content-Type": type, ...challenge });
  response.end(body);
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
}
