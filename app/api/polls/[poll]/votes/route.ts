/** `POST /api/polls/{poll}/votes`: cast a ballot, by script (JSON) or by plain form. */
import { readJsonOrForm } from "#lib/http/body.ts";
import { castError, castFor, identityHeaders, identityOf } from "#lib/http/cast-route.ts";
import { castRequestSchema } from "#lib/http/contract.ts";
import { parse, problemResponse } from "#lib/http/problem.ts";
import { jsonText } from "#lib/http/respond.ts";
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

  const input = parse(castRequestSchema, body.value);
  const { outcome, identity } = await castFor(at, request, slug, input, identityOf(at, request));
  if (outcome.outcome !== "accepted") return problemResponse(castError(outcome), at.log);
  const { ballotId, receipt, results } = outcome;
  const shown = results?.text ?? "null";
  const answer = `{"ballotId":"${ballotId}","receipt":"${receipt}","results":${shown}}`;
  return jsonText(answer, { status: 202, headers: identityHeaders(at, request, identity) });
});
