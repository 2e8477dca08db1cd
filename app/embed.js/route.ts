/** `GET /embed.js`: the script that articles load. */
import { answerFor } from "#lib/http/prepared-response.ts";
import { responseOf } from "#lib/http/respond.ts";
import { getFront } from "#lib/web/front.ts";
import { routeHandler } from "#lib/web/route-handler.ts";
import { otherMethods } from "#reader/refused-request.ts";
import { embedScript } from "#reader/script-response.ts";

export const GET = routeHandler(async request =>
  responseOf(answerFor(embedScript(getFront()), request.headers)),
);

export const { DELETE, OPTIONS, PATCH, POST, PUT } = otherMethods("GET");
