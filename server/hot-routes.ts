/**
 * The hot routes: requests that a serving process dispatches itself to the route functions that Next would call.
 * Next's request pipeline costs many times what these functions do. Poll pages, votes and results are hot; everything
 * else, receipts and pictures included, goes to the Next process.
 *
 * Under a plain `next start` Next calls the same functions; `test/conformance/` compares the two.
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

/** A route function; the type of its context depends on the name of its parameter. */
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

/** Paths with the same beginning, up to their parameter. */
interface Family {
  readonly before: string;
  readonly name: string;
  /** By the path behind the parameter. */
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

/** Any other parameter (`%2F`, `..`) is left to Next. */
const plain = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,119}$/;

export interface Hot {
  readonly handler: Handler;
  readonly params: Readonly<Record<string, string>>;
  readonly ready?: Ready | undefined;
}

const noParameters = {};

/** The answer of the route function, if it is encoded already; see `server/fast-read.ts`. */
type Ready = (front: Front, slug: string, request: RequestHead) => PreparedResponse | undefined;

const pageOf =
  (wanted: PollPage["wanted"], surface: PollPage["surface"]): Ready =>
  (front, slug, request) =>
    preparedPollPage(front, slug, request, { wanted, surface });

const readyByHandler: ReadonlyMap<Handler, Ready> = new Map<Handler, Ready>([
  [results.GET, preparedResults],
  [votePage.GET, pageOf("vote", "page")],
  [resultsPage.GET, pageOf("results", "page")],
  [embed.GET, pageOf("vote", "embed")],
  [embedResults.GET, pageOf("results", "embed")],
]);

/** The handler for a request, with its parameter; `undefined` for a request to the Next process. */
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

/** True for the route that takes votes. */
export const isVote = ({ handler }: Hot): boolean => handler === votes.POST;

/** True for the route of event streams. */
export const isStream = ({ handler }: Hot): boolean => handler === stream.GET;
