/**
 * `GET /api/polls/{poll}/results/stream`: the running totals as Server-Sent Events: what is current at
 * once, then every change. The stream ends after the final results; who comes back then is told (204, as
 * the standard has it) to stop asking.
 */
import { dataHeaders } from "#lib/http/headers.ts";
import { anySite, pollWithResults, requesterOf } from "#lib/http/results-route.ts";
import { type RouteContext, route } from "#lib/http/route.ts";
import { streamResults } from "#lib/live/sse.ts";
import { runtime } from "#lib/runtime.ts";

const headers = {
  ...dataHeaders,
  ...anySite,
  "Cache-Control": "no-store",
  // Proxies that gather what they pass on would hold results back.
  "X-Accel-Buffering": "no",
};

export const GET = route<RouteContext>(async (request, context) => {
  const at = runtime();
  const poll = await pollWithResults(at, context);
  const requester = await requesterOf(at, poll, request);
  const current = await at.results.snapshot(poll, requester);
  const known = Number(request.headers.get("last-event-id") ?? 0) || 0;
  const { state, version } = current.results;
  if (state === "final" && version <= known) return new Response(null, { status: 204, headers });
  return new Response(streamResults(at.live, poll.slug, requester, current, known), {
    headers: { ...headers, "Content-Type": "text/event-stream" },
  });
});
