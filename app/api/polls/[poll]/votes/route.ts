/**
 * `POST /api/polls/{poll}/votes`: cast a ballot, by script (JSON) or by plain form. The front answers plain
 * JSON by the same parts without a Web request (`server/fast-vote.ts`).
 */
import { readJsonOrForm } from "#lib/http/body.ts";
import { responseOf } from "#lib/http/respond.ts";
import { refuseCrossSite } from "#lib/http/same-origin.ts";
import { answerVote } from "#lib/web/answer-vote.ts";
import { getFront } from "#lib/web/front.ts";
import { type RouteContext, routeHandler, slugOf } from "#lib/web/route-handler.ts";
import { answerFormVote } from "#reader/answer-form-vote.ts";

export const POST = routeHandler<RouteContext>(async (request, context) => {
  const front = getFront();
  refuseCrossSite(request, front.config.publicUrl);
  const slug = await slugOf(context);
  const body = await readJsonOrForm(request);
  if (body.kind === "form") return answerFormVote(front, slug, request, body.value);
  return responseOf(await answerVote(front, request, slug, body.value));
});
