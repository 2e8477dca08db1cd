/** `GET /p/{poll}/og.png`: the picture of a poll for links to it on other sites. */

import { runtime } from "#lib/web/front.ts";
import { type RouteContext, route, slugOf } from "#lib/web/route-handler.ts";
import { sharePicture } from "#reader/share-picture.ts";

export const dynamic = "force-dynamic";

export const GET = route<RouteContext>(async (request, context) =>
  sharePicture(runtime(), await slugOf(context), request),
);
