/** `POST /api/polls/{poll}/reopen`: an editor reopens the count of a final poll. */
import { readJson } from "#lib/http/body.ts";
import { parse } from "#lib/http/problem.ts";
import { json } from "#lib/http/respond.ts";
import { reopenCount } from "#lib/polls/reopen.ts";
import { reopenSchema } from "#lib/polls/schema.ts";
import { toPollResponse } from "#lib/web/contract.ts";
import { getFront } from "#lib/web/front.ts";
import { type RouteContext, requireEditor, routeHandler, slugOf } from "#lib/web/route-handler.ts";
import { otherMethods } from "#reader/refused-request.ts";

export const POST = routeHandler<RouteContext>(async (request, context) => {
  const { edit, clock } = getFront();
  const { email } = await requireEditor(request, getFront());
  const { reason } = parse(reopenSchema, await readJson(request));
  const slug = await slugOf(context);
  const { poll } = await reopenCount(edit, slug, { reason, by: email }, clock.nowMs());
  return json(toPollResponse(poll, clock.nowMs()));
});

export const { DELETE, GET, HEAD, OPTIONS, PATCH, PUT } = otherMethods("POST");
