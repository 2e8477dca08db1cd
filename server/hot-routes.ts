/**
 * The hot routes: requests that a serving process dispatches itself to the route functions that Next would call.
 * Next's request pipeline costs many times what these functions do. Poll pages, votes and results are hot; everything
 * else, receipts and pictures included, goes to the Next process.
 *
 * Which routes are hot stands in the table of all routes (`lib/web/routes.ts`). Under a plain `next start` Next calls the
 * same functions; `test/conformance/` compares the two.
 */

import type { PreparedResponse } from "#lib/http/prepared-response.ts";
import type { RequestHead } from "#lib/http/request-head.ts";
import { preparedResults } from "#lib/web/answer-results.ts";
import type { Front } from "#lib/web/front.ts";
import type { HotRoute } from "#lib/web/routes.ts";
import { type PollPage, preparedPollPage } from "#reader/answer-poll-page.ts";
import * as results from "../app/api/polls/[poll]/results/route.ts";
import * as stream from "../app/api/polls/[poll]/results/stream/route.ts";
import * as poll from "../app/api/polls/[poll]/route.ts";
import * as votes from "../app/api/polls/[poll]/votes/route.ts";
import * as assets from "../app/assets/[file]/route.ts";
import * as embedResults from "../app/embed/[poll]/results/route.ts";
import * as embed from "../app/embed/[poll]/route.ts";
import * as embedScript from "../app/embed.js/route.ts";
import * as health from "../app/healthz/route.ts";
import * as resultsPage from "../app/p/[poll]/results/route.ts";
import * as votePage from "../app/p/[poll]/route.ts";
import * as readiness from "../app/readyz/route.ts";
import * as list from "../app/route.ts";

/** A route function; the type of its context depends on the name of its parameter. */
type Handler = (request: Request, context: never) => Promise<Response>;

/** The answer of a route function, if it is encoded already; see `server/fast-read.ts`. */
type Ready = (front: Front, slug: string, request: RequestHead) => PreparedResponse | undefined;

interface Route {
  readonly handler: Handler;
  readonly ready?: Ready;
  /** Answered without a Web `Request` where that is possible: `fast-vote.ts`, `fast-stream.ts`. */
  readonly fast?: "vote" | "stream";
}

const pageOf =
  (wanted: PollPage["wanted"], surface: PollPage["surface"]): Ready =>
  (front, slug, request) =>
    preparedPollPage(front, slug, request, { wanted, surface });

/** What answers each hot route. */
const hotRoutes: Readonly<Record<HotRoute, Route>> = {
  "GET /": { handler: list.GET },
  "GET /api/polls/{poll}": { handler: poll.GET },
  "GET /api/polls/{poll}/results": { handler: results.GET, ready: preparedResults },
  "GET /api/polls/{poll}/results/stream": { handler: stream.GET, fast: "stream" },
  "POST /api/polls/{poll}/votes": { handler: votes.POST, fast: "vote" },
  "GET /assets/{file}": { handler: assets.GET },
  "GET /embed.js": { handler: embedScript.GET },
  "GET /embed/{poll}": { handler: embed.GET, ready: pageOf("vote", "embed") },
  "GET /embed/{poll}/results": { handler: embedResults.GET, ready: pageOf("results", "embed") },
  "GET /healthz": { handler: health.GET },
  "GET /p/{poll}": { handler: votePage.GET, ready: pageOf("vote", "page") },
  "GET /p/{poll}/results": { handler: resultsPage.GET, ready: pageOf("results", "page") },
  "GET /readyz": { handler: readiness.GET },
};

type ByMethod = Readonly<Record<string, Route>>;

/** Paths with the same beginning, up to their parameter. */
interface Family {
  readonly before: string;
  readonly name: string;
  /** By the path behind the parameter. */
  readonly rests: ReadonlyMap<string, ByMethod>;
}

const table = tableOf(hotRoutes);
const fixed: ReadonlyMap<string, ByMethod> = new Map(
  [...table].filter(([path]) => !path.includes("{")),
);
const families: readonly Family[] = familiesOf(table);

function tableOf(routes: Readonly<Record<string, Route>>): ReadonlyMap<string, ByMethod> {
  const byPath = new Map<string, Record<string, Route>>();
  for (const [name, route] of Object.entries(routes)) {
    const [method = "", path = ""] = name.split(" ");
    byPath.set(path, { ...byPath.get(path), [method]: route });
  }
  return byPath;
}

function familiesOf(paths: ReadonlyMap<string, ByMethod>): Family[] {
  const found = new Map<string, { name: string; rests: Map<string, ByMethod> }>();
  for (const [path, routes] of paths) {
    const [before = "", name, rest = ""] = path.split(/[{}]/);
    if (!name) continue;
    const family = found.get(before) ?? { name, rests: new Map() };
    found.set(before, family);
    family.rests.set(rest, routes);
  }
  return [...found].map(([before, family]) => ({ before, ...family }));
}

/** Any other parameter (`%2F`, `..`) is left to Next. */
const plain = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,119}$/;

export interface Hot extends Route {
  readonly params: Readonly<Record<string, string>>;
}

const noParameters = {};

/** The route for a request, with its parameter; `undefined` for a request to the Next process. */
export function hotRoute(method: string, url: string): Hot | undefined {
  const end = url.indexOf("?");
  const path = end === -1 ? url : url.slice(0, end);
  for (const { before, name, rests } of families) {
    if (!path.startsWith(before)) continue;
    const next = path.indexOf("/", before.length);
    const value = next === -1 ? path.slice(before.length) : path.slice(before.length, next);
    const route = rests.get(next === -1 ? "" : path.slice(next))?.[method];
    return route && plain.test(value) ? { ...route, params: { [name]: value } } : undefined;
  }
  const route = fixed.get(path)?.[method];
  return route && { ...route, params: noParameters };
}
