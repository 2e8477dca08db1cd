/** `GET /api/openapi.json`: the HTTP contract for programs. */

import { json } from "#lib/http/respond.ts";
import { getFront } from "#lib/web/front.ts";
import { openApiDocument } from "#lib/web/openapi.ts";
import { routeHandler } from "#lib/web/route-handler.ts";
import { otherMethods } from "#reader/refused-request.ts";

export const dynamic = "force-dynamic";

export const GET = routeHandler(async () =>
  json(openApiDocument(getFront().config.publicUrl), {
    headers: { "Cache-Control": "public, max-age=60", "Access-Control-Allow-Origin": "*" },
  }),
);

export const { DELETE, OPTIONS, PATCH, POST, PUT } = otherMethods("GET");
