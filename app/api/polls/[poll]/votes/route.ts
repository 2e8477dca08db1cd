/**
 * `POST /api/polls/{poll}/votes`: cast a ballot, by script (JSON) or by plain form. The front answers most JSON
 * votes by the same function, without a Web `Request` (`server/fast-vote.ts`).
 */
import { readJsonOrForm } from "#lib/http/body.ts";
import { responseOf } from "#lib/http/respond.ts";
import { answerVote } from "#lib/web/answer-vote.ts";
import { getFront } from "#lib/web/front.ts";
import { type RouteContext, routeHandler } from "#lib/web/route-handler.ts";
import { answerFormVote } from "#reader/answer-form-vote.ts";
import { otherMethods } from "#reader/refused-request.ts";

export const POST = routeHandler<RouteContext>(async (request, context) => {
  const front = getFront();
  const { poll } = await context.params;
  const answer = await answerVote(front, request, poll, () => readJsonOrForm(request));
  return "kind" in answer ? answerFormVote(front, poll, request, answer.value) : responseOf(answer);
});

export const { DELETE, GET, HEAD, OPTIONS, PATCH, PUT } = otherMethods("POST");
