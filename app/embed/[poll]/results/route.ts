/** `GET /embed/{poll}/results`: the results, to be framed in an article. */

import { getFront } from "#lib/web/front.ts";
import type { RouteContext } from "#lib/web/route-handler.ts";
import { answerPollPage } from "#reader/answer-poll-page.ts";
import { pageHandler } from "#reader/page-handler.ts";
import { otherMethods } from "#reader/refused-request.ts";

export const GET = pageHandler<RouteContext>(
  async (request, context) =>
    answerPollPage(getFront(), (await context.params).poll, request, "results", "embed"),
  "embed",
);

export const { DELETE, OPTIONS, PATCH, POST, PUT } = otherMethods("GET");
