/** `GET /api/polls/{poll}/books`: what a poll accepted against what became of it, for editors. */
import { readBooks } from "#lib/books/books.ts";
import { FloodgateError } from "#lib/errors.ts";
import { json } from "#lib/http/respond.ts";
import { type RouteContext, requireEditor, route, slugOf } from "#lib/http/route.ts";
import { runtime } from "#lib/runtime.ts";
import { findPoll } from "#lib/store/polls.ts";

export const GET = route<RouteContext>(async (request, context) => {
  const { store } = runtime();
  await requireEditor(request, runtime());
  const poll = await findPoll(store, await slugOf(context));
  if (!poll) throw new FloodgateError("poll_not_found");
  return json((await readBooks(store, [poll.id])).get(poll.id));
});
