/**
 * `GET /api/polls/{poll}/results`: the results, from memcached. With `?after={version}`, only when there is
 * a newer version (otherwise 204); with `&wait={seconds}`, as soon as there is one. For a page that shows
 * another poll of this slug, these results are newer whatever their version.
 */
import { SECOND } from "#lib/base/clock.ts";
import { dataHeaders } from "#lib/http/headers.ts";
import { answerFor } from "#lib/http/prepared-response.ts";
import { parse } from "#lib/http/problem.ts";
import { jsonText, responseOf } from "#lib/http/respond.ts";
import { waitForNews } from "#lib/results/long-poll.ts";
import {
  anySite,
  isOfAnotherEdition,
  pollWithResults,
  requesterOf,
  resultsAnswer,
  sameForAll,
} from "#lib/web/answer-results.ts";
import { resultsQuerySchema } from "#lib/web/contract.ts";
import { getFront } from "#lib/web/front.ts";
import { type RouteContext, routeHandler } from "#lib/web/route-handler.ts";
import { otherMethods } from "#reader/refused-request.ts";

export const GET = routeHandler<RouteContext>(async (request, context) => {
  const front = getFront();
  const poll = await pollWithResults(front, (await context.params).poll);
  const { after, wait } = queryOf(request);
  const requester = await requesterOf(front, poll, request);
  const current = await front.results.snapshot(poll, requester);
  if (after === undefined) {
    const answer = resultsAnswer(front, current, sameForAll(front, poll, requester));
    return responseOf(answerFor(answer, request.headers));
  }
  const news =
    current.results.version > after || isOfAnotherEdition(request, current)
      ? current
      : await waitForNews(front.live, poll, requester, {
          after,
          waitMs: wait * SECOND,
          signal: request.signal,
        });
  const headers = { ...anySite, "Cache-Control": "no-store" };
  if (news) return jsonText(news.json, { headers });
  return new Response(null, { status: 204, headers: { ...dataHeaders, ...headers } });
});

function queryOf(request: Request) {
  const at = request.url.indexOf("?");
  const query = new URLSearchParams(at === -1 ? "" : request.url.slice(at + 1));
  return parse(resultsQuerySchema, Object.fromEntries(query));
}

export const { DELETE, OPTIONS, PATCH, POST, PUT } = otherMethods("GET");
