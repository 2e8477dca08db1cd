/**
 * The hot routes: requests that are dispatched straight to the route functions that Next would call,
 * around Next's request pipeline, which costs many times what they do.
 *
 * The same functions answer under a plain `next start`; the conformance suite holds both against each
 * other.
 */

import type { RouteContext } from "#lib/http/route.ts";
import * as results from "../app/api/polls/[poll]/results/route.ts";
import * as stream from "../app/api/polls/[poll]/results/stream/route.ts";
import * as poll from "../app/api/polls/[poll]/route.ts";
import * as votes from "../app/api/polls/[poll]/votes/route.ts";
import * as embedResults from "../app/embed/[poll]/results/route.ts";
import * as embed from "../app/embed/[poll]/route.ts";
import * as resultsPage from "../app/p/[poll]/results/route.ts";
import * as votePage from "../app/p/[poll]/route.ts";

export type HotHandler = (request: Request, context: RouteContext) => Promise<Response>;

interface HotRoute {
  readonly method: string;
  /** With the slug as its one group. */
  readonly path: RegExp;
  readonly handler: HotHandler;
}

const slug = "([a-z0-9-]{1,80})";

const routes: readonly HotRoute[] = [
  { method: "POST", path: new RegExp(`^/api/polls/${slug}/votes$`), handler: votes.POST },
  { method: "GET", path: new RegExp(`^/api/polls/${slug}/results$`), handler: results.GET },
  { method: "GET", path: new RegExp(`^/api/polls/${slug}/results/stream$`), handler: stream.GET },
  { method: "GET", path: new RegExp(`^/api/polls/${slug}$`), handler: poll.GET },
  { method: "GET", path: new RegExp(`^/embed/${slug}$`), handler: embed.GET },
  { method: "GET", path: new RegExp(`^/embed/${slug}/results$`), handler: embedResults.GET },
  { method: "GET", path: new RegExp(`^/p/${slug}$`), handler: votePage.GET },
  { method: "GET", path: new RegExp(`^/p/${slug}/results$`), handler: resultsPage.GET },
];

/** The handler for a request, with its slug; `undefined`: it is Next's. */
export function hotRoute(
  method: string,
  url: string,
): { readonly handler: HotHandler; readonly poll: string } | undefined {
  const end = url.indexOf("?");
  const path = end === -1 ? url : url.slice(0, end);
  for (const route of routes) {
    if (route.method !== method) continue;
    const match = route.path.exec(path);
    if (match?.[1] !== undefined) return { handler: route.handler, poll: match[1] };
  }
  return undefined;
}
