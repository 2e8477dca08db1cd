/** `GET /assets/{file}`: the readers' script, named by its hash, so caches may store it for ever. */
import { FloodgateError } from "#lib/base/errors.ts";
import { scriptHeaders } from "#lib/http/headers.ts";
import { routeHandler } from "#lib/web/route-handler.ts";
import { assets } from "#reader/generated.ts";
import { otherMethods } from "#reader/refused-request.ts";

interface Context {
  readonly params: Promise<{ readonly file: string }>;
}

export const GET = routeHandler<Context>(async (_request, context) => {
  const { file } = await context.params;
  if (`/assets/${file}` !== assets.scriptPath) throw new FloodgateError("not_found");
  return new Response(assets.script, {
    headers: {
      ...scriptHeaders,
      "Cache-Control": "public, max-age=31536000, immutable",
    },
  });
});

export const { DELETE, OPTIONS, PATCH, POST, PUT } = otherMethods("GET");
