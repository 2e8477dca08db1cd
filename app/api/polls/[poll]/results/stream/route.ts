/**
 * `GET /api/polls/{poll}/results/stream`: the results as Server-Sent Events: the current ones at once, then
 * every change. The stream ends after the final results; a viewer who comes back with them is answered 204, which
 * by the standard stops the browser from reconnecting. The front writes most streams itself, without a Web stream
 * (`server/fast-stream.ts`).
 */

import { streamResults } from "#lib/results/event-stream.ts";
import { requesterOf, startOfStream, streamHeaders } from "#lib/web/answer-results.ts";
import { getFront } from "#lib/web/front.ts";
import { type RouteContext, routeHandler } from "#lib/web/route-handler.ts";
import { otherMethods } from "#reader/refused-request.ts";

export const GET = routeHandler<RouteContext>(async (request, context) => {
  const front = getFront();
  const { poll: slug } = await context.params;
  const { poll, requester, current, knownVersion } = await startOfStream(
    front,
    slug,
    request,
    found => requesterOf(front, found, request),
  );
  const { state, version } = current.results;
  if (state === "final" && version <= knownVersion) {
    return new Response(null, { status: 204, headers: streamHeaders });
  }
  return new Response(streamResults(front.live, poll, requester, current, knownVersion), {
    headers: { ...streamHeaders, "Content-Type": "text/event-stream" },
  });
});

export const { DELETE, OPTIONS, PATCH, POST, PUT } = otherMethods("GET");
