/** `GET /p/{poll}/results`: the results page. */

import { getFront } from "#lib/web/front.ts";
import type { RouteContext } from "#lib/web/route-handler.ts";
import { pageRoute } from "#reader/page-route.ts";
import { pollPageFor } from "#reader/poll-pages.ts";

export const GET = pageRoute<RouteContext>(async (request, context) =>
  pollPageFor(getFront(), (await context.params).poll, request, "results"),
);
