/** `GET /api/openapi.json`: the HTTP contract for programs. */
import { openApiDocument } from "#lib/http/openapi.ts";
import { json } from "#lib/http/respond.ts";
import { route } from "#lib/http/route.ts";
import { runtime } from "#lib/runtime.ts";

export const dynamic = "force-dynamic";

export const GET = route(async () =>
  json(openApiDocument(runtime().config.publicUrl), {
    headers: { "Cache-Control": "public, max-age=60", "Access-Control-Allow-Origin": "*" },
  }),
);
