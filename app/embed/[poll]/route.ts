/** `GET /embed/{poll}`: the vote page as a frame in somebody's article. */

import { getFront } from "#lib/web/front.ts";
import type { RouteContext } from "#lib/web/route-handler.ts";
import { pollPageFor } from "#reader/answer-poll-page.ts";
import { pageRoute } from "#reader/page-handler.ts";

export const GET = pageRoute<RouteContext>(
  async (request, context) =>
    pollPageFor(getFront(), (await context.params).poll, request, "vote", "embed"),
  "embed",
);
