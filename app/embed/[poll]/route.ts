/** `GET /embed/{poll}`: the vote page as a frame in somebody's article. */
import { type RouteContext, route } from "#lib/http/route.ts";
import { runtime } from "#lib/runtime.ts";
import { pollPageFor } from "#reader/poll-pages.ts";

export const GET = route<RouteContext>(async (request, context) =>
  pollPageFor(runtime(), (await context.params).poll, request, "vote", "embed"),
);
