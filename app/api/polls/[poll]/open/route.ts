/** `POST /api/polls/{poll}/open`: an editor opens a poll now. */
import { wallMs } from "#lib/clock.ts";
import { toPollResponse } from "#lib/http/contract.ts";
import { json } from "#lib/http/respond.ts";
import { type RouteContext, requireEditor, route, slugOf } from "#lib/http/route.ts";
import { openPoll } from "#lib/polls/edit.ts";
import { runtime } from "#lib/runtime.ts";

export const POST = route<RouteContext>(async (request, context) => {
  await requireEditor(request, runtime());
  const poll = await openPoll(runtime().edit, await slugOf(context), wallMs());
  return json(toPollResponse(poll, wallMs()));
});
