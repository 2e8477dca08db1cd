/** `GET /p/{poll}`: the vote page. */
import type { RouteContext } from "#lib/http/route.ts";
import { runtime } from "#lib/runtime.ts";
import { pageRoute } from "#reader/page-route.ts";
import { pollPageFor } from "#reader/poll-pages.ts";

export const GET = pageRoute<RouteContext>(async (request, context) =>
  pollPageFor(runtime(), (await context.params).poll, request, "vote"),
);
