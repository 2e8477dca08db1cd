/** `POST /api/polls/{poll}/close`: an editor closes a poll now. */
import { json } from "#lib/http/respond.ts";
import { closePoll } from "#lib/polls/edit.ts";
import { toPollResponse } from "#lib/web/contract.ts";
import { getFront } from "#lib/web/front.ts";
import { type RouteContext, requireEditor, routeHandler, slugOf } from "#lib/web/route-handler.ts";
import { otherMethods } from "#reader/refused-request.ts";

export const POST = routeHandler<RouteContext>(async (request, context) => {
  await requireEditor(request, getFront());
  const poll = await closePoll(getFront().edit, await slugOf(context), getFront().clock.nowMs());
  return json(toPollResponse(poll, getFront().clock.nowMs()));
});

export const { DELETE, GET, HEAD, OPTIONS, PATCH, PUT } = otherMethods("POST");
