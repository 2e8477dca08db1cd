/**
 * The hot routes: requests that are dispatched straight to the route functions that Next would call,
 * around Next's request pipeline, which costs many times what they do. Poll pages, votes and results are
 * here; what is not, receipts and pictures among it, is Next's.
 *
 * The same functions answer under a plain `next start`; `test/conformance/` holds both against
 * each other.
 */

import type { PreparedResponse } from "#lib/http/prepared-response.ts";
import type { RequestHead } from "#lib/http/request-head.ts";
import { preparedResults } from "#lib/web/answer-results.ts";
import type { Front } from "#lib/web/front.ts";
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

/** A route function; what it calls its parameter differs, and so does the type of its context. */
type Handler = (request: Request, context: never) => Promise<Response>;

/** Path → handler by method. A path has at most one parameter, a whole segment. */
const table: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  "/": { GET: list.GET },
  "/api/polls/{poll}": { GET: poll.GET },
  "/api/polls/{poll}/results": { GET: results.GET },
  "/api/polls/{poll}/results/stream": { GET: stream.GET },
  "/api/polls/{poll}/votes": { POST: votes.POST },
  "/assets/{file}": { GET: assets.GET },
  "/embed.js": { GET: embedScript.GET },
  "/embed/{poll}": { GET: embed.GET },
  "/embed/{poll}/results": { GET: embedResults.GET },
  "/healthz": { GET: health.GET },
  "/p/{poll}": { GET: votePage.GET },
  "/p/{poll}/results": { GET: resultsPage.GET },
  "/readyz": { GET: readiness.GET },
};

type ByMethod = Readonly<Record<string, Handler>>;

/** Paths that begin alike, up to their parameter. */
interface Family {
  readonly before: string;
  readonly name: string;
  /** By what follows the parameter. */
  readonly rests: ReadonlyMap<string, ByMethod>;
}

const fixed: ReadonlyMap<string, ByMethod> = new Map(
  Object.entries(table).filter(([path]) => !path.includes("{")),
);
const families: readonly Family[] = familiesOf(table);

function familiesOf(paths: Readonly<Record<string, ByMethod>>): Family[] {
  const found = new Map<string, { name: string; rests: Map<string, ByMethod> }>();
  for (const [path, handlers] of Object.entries(paths)) {
    const [before = "", name, rest = ""] = path.split(/[{}]/);
    if (!name) continue;
    const family = found.get(before) ?? { name, rests: new Map() };
    found.set(before, family);
    family.rests.set(rest, handlers);
  }
  return [...found].map(([before, family]) => ({ before, ...family }));
}

/** Anything else in a parameter (`%2F`, `..`) is Next's to take apart. */
const plain = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,119}$/;

export interface Hot {
  readonly handler: Handler;
  readonly params: Readonly<Record<string, string>>;
  readonly ready?: Ready | undefined;
}

const noParameters = {};

/** What a route's function would answer, if that is made already; see `server/fast-read.ts`. */
type Ready = (front: Front, slug: string, request: RequestHead) => PreparedResponse | undefined;

const pageOf =
  (wanted: PollPage["wanted"], surface: PollPage["surface"]): Ready =>
  (at, slug, request) =>
    preparedPollPage(at, slug, request, { wanted, surface });

const readyByHandler: ReadonlyMap<Handler, Ready> = new Map<Handler, Ready>([
  [results.GET, preparedResults],
  [votePage.GET, pageOf("vote", "page")],
  [resultsPage.GET, pageOf("results", "page")],
  [embed.GET, pageOf("vote", "embed")],
  [embedResults.GET, pageOf("results", "embed")],
]);

/** The handler for a request, with its parameter; `undefined`: it is Next's. */
export function hotRoute(method: string, url: string): Hot | undefined {
  const end = url.indexOf("?");
  const path = end === -1 ? url : url.slice(0, end);
  for (const { before, name, rests } of families) {
    if (!path.startsWith(before)) continue;
    const next = path.indexOf("/", before.length);
    const value = next === -1 ? path.slice(before.length) : path.slice(before.length, next);
    const handler = rests.get(next === -1 ? "" : path.slice(next))?.[method];
    if (!handler || !plain.test(value)) return undefined;
    return { handler, params: { [name]: value }, ready: readyByHandler.get(handler) };
  }
  const handler = fixed.get(path)?.[method];
  return handler && { handler, params: noParameters };
}

/** Whether it is the route that takes votes. */
export const isVote = ({ handler }: Hot): boolean => handler === votes.POST;

/** Whether it is the route of event streams. */
export const isStream = ({ handler }: Hot): boolean => handler === stream.GET;
