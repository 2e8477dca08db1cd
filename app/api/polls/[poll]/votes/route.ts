/**
 * `POST /api/polls/{poll}/votes`: cast a ballot, by script (JSON) or by plain form. The front answers most JSON
 * votes by the same function, without a Web `Request` (`server/vote-connections.ts`, `server/fast-vote.ts`).
 */
import { isFloodgateError } from "#lib/base/errors.ts";
import { bodyKind, readJsonOrForm } from "#lib/http/body.ts";
import { responseOf } from "#lib/http/respond.ts";
import { answerVote } from "#lib/web/answer-vote.ts";
import { getFront } from "#lib/web/front.ts";
import { type RouteContext, routeHandler } from "#lib/web/route-handler.ts";
import { answerForeignForm, answerFormVote } from "#reader/answer-form-vote.ts";
import { otherMethods } from "#reader/refused-request.ts";

export const POST = routeHandler<RouteContext>(async (request, context) => {
  const front = getFront();
  const { poll } = await context.params;
  const vote = answerVote(front, request, poll, () => readJsonOrForm(request));
  const answer = await vote.catch(error => {
    if (isFloodgateError(error, "forbidden") && isFormOfPage(request)) return undefined;
    throw error;
  });
  if (!answer) return answerForeignForm(front, poll, request);
  return "kind" in answer ? answerFormVote(front, poll, request, answer.value) : responseOf(answer);
});

/** A form whose answer a browser shows. */
const isFormOfPage = (request: Request): boolean =>
  bodyKind(request) === "form" && (request.headers.get("accept") ?? "").includes("text/html");

export const { DELETE, GET, HEAD, OPTIONS, PATCH, PUT } = otherMethods("POST");
