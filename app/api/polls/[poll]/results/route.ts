/** `GET /api/polls/{poll}/results`: the running totals, from memcached. */
import { wallMs } from "#lib/clock.ts";
import { FloodgateError } from "#lib/errors.ts";
import { dataHeaders } from "#lib/http/headers.ts";
import { json } from "#lib/http/respond.ts";
import { type RouteContext, route, slugOf } from "#lib/http/route.ts";
import { pollState } from "#lib/polls/state.ts";
import { runtime } from "#lib/runtime.ts";

const cacheControl = "public, max-age=1, s-maxage=1, stale-while-revalidate=5";

export const GET = route<RouteContext>(async (request, context) => {
  const { published, results } = runtime();
  const poll = await published.find(await slugOf(context));
  if (!poll || pollState(poll, wallMs()) === "draft") throw new FloodgateError("poll_not_found");
  const current = await results.read(poll);
  const etag = `"${current.version}"`;
  const headers = {
    "Cache-Control": cacheControl,
    "Access-Control-Allow-Origin": "*",
    ETag: etag,
  };
  if (request.headers.get("if-none-match") === etag) {
    return new Response(null, { status: 304, headers: { ...dataHeaders, ...headers } });
  }
  return json(current, { headers });
});
