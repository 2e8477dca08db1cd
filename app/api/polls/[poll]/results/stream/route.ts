/**
 * `GET /api/polls/{poll}/results/stream`: the running totals as Server-Sent Events: what is current at
 * once, then every change. The stream ends after the final results; who comes back then is told (204, as
 * the standard has it) to stop asking. The front answers most of them by the same parts without a Web stream
 * (`server/fast-stream.ts`).
 */

import { streamResults } from "#lib/results/event-stream.ts";
import { pollWithResults, requesterOf, streamHeaders } from "#lib/web/answer-results.ts";
import { getFront } from "#lib/web/front.ts";
import { type RouteContext, routeHandler } from "#lib/web/route-handler.ts";

export const GET = routeHandler<RouteContext>(async (request, context) => {
  const front = getFront();
  const poll = await pollWithResults(front, context);
  const requester = await requesterOf(front, poll, request);
  const current = await front.results.snapshot(poll, requester);
  const known = Number(request.headers.get("last-event-id") ?? 0) || 0;
  const { state, version } = current.results;
  if (state === "final" && version <= known)
    return new Response(null, { status: 204, headers: streamHeaders });
  return new Response(streamResults(front.live, poll.slug, requester, current, known), {
    headers: { ...streamHeaders, "Content-Type": "text/event-stream" },
  });
});
