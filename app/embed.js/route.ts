/** `GET /embed.js`: the script that articles load. Its address never changes, so caches store it for an hour only. */
import { scriptHeaders } from "#lib/http/headers.ts";
import { routeHandler } from "#lib/web/route-handler.ts";
import { assets } from "#reader/generated.ts";
import { otherMethods } from "#reader/refused-request.ts";

export const GET = routeHandler(async request => {
  const headers = {
    ...scriptHeaders,
    "Cache-Control": "public, max-age=3600, stale-while-revalidate=86400",
    ETag: assets.embedTag,
  };
  if (request.headers.get("if-none-match") === assets.embedTag) {
    return new Response(null, { status: 304, headers });
  }
  return new Response(assets.embedScript, { headers });
});

export const { DELETE, OPTIONS, PATCH, POST, PUT } = otherMethods("GET");
