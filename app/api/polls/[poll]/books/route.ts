/** `GET /api/polls/{poll}/books`: the books of a poll, for editors. */

import { FloodgateError } from "#lib/base/errors.ts";
import { readBooks } from "#lib/books/books.ts";
import { json } from "#lib/http/respond.ts";
import { findPoll } from "#lib/store/polls.ts";
import { getFront } from "#lib/web/front.ts";
import { type RouteContext, requireEditor, routeHandler, slugOf } from "#lib/web/route-handler.ts";
import { otherMethods } from "#reader/refused-request.ts";

export const GET = routeHandler<RouteContext>(async (request, context) => {
  const { store } = getFront();
  await requireEditor(request, getFront());
  const poll = await findPoll(store, await slugOf(context));
  if (!poll) throw new FloodgateError("poll_not_found");
  return json((await readBooks(store, [poll.id])).get(poll.id));
});

export const { DELETE, OPTIONS, PATCH, POST, PUT } = otherMethods("GET");
