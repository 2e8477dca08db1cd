/**
 * The worker's own pages: one for people, JSON, metrics for Prometheus, and health for process supervisors.
 *
 * The application needs no socket: tests call it with `request()`.
 */
import { type Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { describeError } from "#lib/base/log.ts";
import type { LogLines } from "#lib/base/log-lines.ts";
import { type DegradationStep, degradationStep } from "#lib/health/degradation.ts";
import { serversUp } from "#lib/memcached/placement.ts";
import { styleHash } from "../generated.ts";
import type { WorkerParts } from "../worker-parts.ts";
import { mayRead } from "./access.ts";
import type { Accounts } from "./account-sentence.ts";
import type { History } from "./history.ts";
import { lossEstimate } from "./loss-estimate.ts";
import type { Metrics } from "./metrics.ts";
import { renderStatusPage } from "./page.tsx";
import {
  isFailing,
  isStale,
  oldestWaitMs,
  type Survey,
  slotsWaiting,
  type WorkerState,
} from "./state.ts";
import { stateSentence } from "./state-sentence.ts";
import { type SurveyedWorker, Surveyor } from "./survey.ts";

export interface StatusDeps {
  readonly worker: SurveyedWorker & Pick<WorkerParts, "log" | "books">;
  readonly state: WorkerState;
  readonly history: History;
  readonly metrics: Metrics;
  readonly lines: LogLines;
}

const filterLengthMax = 200;
const readingMethods = new Set(["GET", "HEAD"]);

const headers = {
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Content-Security-Policy": `default-src 'none'; style-src ${styleHash}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
};

/** The pages, open to those who may read them. */
export function statusPages({ worker, state, history, metrics, lines }: StatusDeps): Hono {
  const { log, config } = worker;
  const surveyor = new Surveyor(worker);
  const app = new Hono();
  app.use(async (c, next) => {
    if (readingMethods.has(c.req.method)) await next();
    else c.res = json(c, { status: "method not allowed" }, 405);
    for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value);
  });
  // Before the access check: it says only "ok" or "stale", and process supervisors have no token.
  app.get("/healthz", c => {
    const stale = isStale(state, worker.clock.nowMs());
    return json(c, { status: stale ? "stale" : "ok" }, stale ? 503 : 200);
  });
  app.use(async (c, next) => {
    const token = config.workerToken;
    const asking = { host: c.req.header("Host"), authorization: c.req.header("Authorization") };
    if (mayRead(asking, token)) return next();
    if (token === undefined) return json(c, { status: "forbidden" }, 403);
    const challenge = { "WWW-Authenticate": 'Basic realm="Floodgate worker"' };
    return json(c, { status: "forbidden" }, 401, challenge);
  });
  app.get("/", async c => {
    const filter = (c.req.query("log") ?? "").slice(0, filterLengthMax);
    const survey = await surveyor.survey();
    const page = {
      state,
      survey,
      series: history.series(survey.atMs),
      slotsPerSecond: history.slotsPerSecond(survey.atMs),
      books: worker.books.total,
      openLetters: worker.books.openLetters,
      copies: config.queueCopies,
      filter,
      lines: lines.find(filter),
    };
    return c.html(renderStatusPage(page));
  });
  app.get("/status.json", async c => {
    const survey = await surveyor.survey();
    const slotsPerSecond = history.slotsPerSecond(survey.atMs);
    return json(c, {
      status: isStale(state, survey.atMs) ? "stale" : isFailing(state) ? "failing" : "ok",
      step: stepOf(worker, state, survey),
      sentence: stateSentence(state, survey, slotsPerSecond, accountsOf(worker)).text,
      slotsWaiting: slotsWaiting(survey),
      oldestWaitMs: oldestWaitMs(survey),
      slotsPerSecond,
      books: worker.books.total ?? null,
      openLetters: worker.books.openLetters ?? null,
      lossEstimate: lossEstimate(survey, config.queueCopies, worker.books.total),
      ...state,
      ...survey,
    });
  });
  app.get("/metrics", async c => {
    const text = await metrics.expose(await surveyor.survey(), worker.books.total);
    return c.body(text, 200, { "Content-Type": metrics.registry.contentType });
  });
  app.notFound(c => json(c, { status: "not found" }, 404));
  app.onError((error, c) => {
    log.error({ event: "status_page_failed", ...describeError(error) });
    return json(c, { status: "failed" }, 500);
  });
  return app;
}

const accountsOf = ({ books }: StatusDeps["worker"]): Accounts => ({
  books: books.total,
  openLetters: books.openLetters,
});

/** On a line of its own, for terminals. */
function json(
  c: Context,
  body: unknown,
  status: ContentfulStatusCode = 200,
  more: Readonly<Record<string, string>> = {},
): Response {
  return c.body(`${JSON.stringify(body)}\n`, status, {
    "Content-Type": "application/json",
    ...more,
  });
}

/** The degradation step, as far as a worker sees it. */
function stepOf(
  { placement: { queueServers } }: StatusDeps["worker"],
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
