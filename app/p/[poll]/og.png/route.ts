/** `GET /p/{poll}/og.png`: the picture of a poll for links to it on other sites. */
import { type RouteContext, route, slugOf } from "#lib/http/route.ts";
import { runtime } from "#lib/runtime.ts";
import { sharePicture } from "#reader/share-picture.ts";

export const dynamic = "force-dynamic";

export const GET = route<RouteContext>(async (request, context) =>
  sharePicture(runtime(), await slugOf(context), request),
);
