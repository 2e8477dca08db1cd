/** `GET /p/{poll}/results`: the results page. */

import { getFront } from "#lib/web/front.ts";
import type { RouteContext } from "#lib/web/route-handler.ts";
import { pollPageFor } from "#reader/answer-poll-page.ts";
import { pageRoute } from "#reader/page-handler.ts";

export const GET = pageRoute<RouteContext>(async (request, context) =>
  pollPageFor(getFront(), (await context.params).poll, request, "results"),
);
