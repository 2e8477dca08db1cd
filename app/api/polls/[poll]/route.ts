/** `GET`, `PATCH`, `DELETE /api/polls/{poll}`: the published poll for anyone, changes for editors. */
import { FloodgateError } from "#lib/base/errors.ts";
import { readJson } from "#lib/http/body.ts";
import { answerFor, type PreparedResponse, prepareResponse } from "#lib/http/prepared-response.ts";
import { parse } from "#lib/http/problem.ts";
import { json, jsonHeadersWith, responseOf } from "#lib/http/respond.ts";
import type { Poll } from "#lib/model/poll.ts";
import { pollState } from "#lib/model/poll-state.ts";
import { changePoll, removePoll } from "#lib/polls/edit.ts";
import { updatePollSchema } from "#lib/polls/schema.ts";
import { toPollResponse } from "#lib/web/contract.ts";
import { getFront } from "#lib/web/front.ts";
import { type RouteContext, requireEditor, routeHandler, slugOf } from "#lib/web/route-handler.ts";
import { otherMethods } from "#reader/refused-request.ts";

export const GET = routeHandler<RouteContext>(async (request, context) => {
  const { published } = getFront();
  const poll = await published.find(await slugOf(context));
  if (!poll) throw new FloodgateError("poll_not_found");
  if (pollState(poll, getFront().clock.nowMs()) !== "draft") {
    return responseOf(answerFor(await publicPoll(poll), request.headers));
  }
  // A draft exists for editors only.
  await requireEditor(request, getFront()).catch(() => {
    throw new FloodgateError("poll_not_found");
  });
  return json(toPollResponse(poll, getFront().clock.nowMs()));
});

/** A poll as everyone may read it, encoded once a second. */
function publicPoll(poll: Poll): Promise<PreparedResponse> {
  const { sharedPages, clock } = getFront();
  const state = pollState(poll, clock.nowMs());
  const headers = { "Cache-Control": "public, max-age=1", "Access-Control-Allow-Origin": "*" };
  return sharedPages.get(`poll ${poll.slug}`, `${poll.key} ${poll.version} ${state}`, () => {
    const body = new TextEncoder().encode(JSON.stringify(toPollResponse(poll, clock.nowMs())));
    return prepareResponse(200, jsonHeadersWith(headers), body);
  });
}

export const PATCH = routeHandler<RouteContext>(async (request, context) => {
  await requireEditor(request, getFront());
  const change = parse(updatePollSchema, await readJson(request));
  const poll = await changePoll(
    getFront().edit,
    await slugOf(context),
    change,
    getFront().clock.nowMs(),
  );
  return json(toPollResponse(poll, getFront().clock.nowMs()));
});

export const DELETE = routeHandler<RouteContext>(async (request, context) => {
  await requireEditor(request, getFront());
  await removePoll(getFront().edit, await slugOf(context), getFront().clock.nowMs());
  return new Response(null, { status: 204 });
});

export const { OPTIONS, POST, PUT } = otherMethods("GET", "PATCH", "DELETE");
