/**
 * `POST /api/polls/{poll}/votes`: cast a ballot, by script (JSON) or by plain form. The front answers plain
 * JSON by the same parts without a Web request (`server/vote-directly.ts`).
 */
import { readJsonOrForm } from "#lib/http/body.ts";
import { answerVote } from "#lib/http/cast-route.ts";
import { responseOf } from "#lib/http/respond.ts";
import { type RouteContext, route, slugOf } from "#lib/http/route.ts";
import { refuseCrossSite } from "#lib/http/same-origin.ts";
import { runtime } from "#lib/runtime.ts";
import { voteByForm } from "#reader/form-vote.ts";

export const POST = route<RouteContext>(async (request, context) => {
  const at = runtime();
  refuseCrossSite(request, at.config.publicUrl);
  const slug = await slugOf(context);
  const body = await readJsonOrForm(request);
  if (body.kind === "form") return voteByForm(at, slug, request, body.value);
  return responseOf(await answerVote(at, request, slug, body.value));
});
