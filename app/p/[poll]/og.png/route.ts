/** `GET /p/{poll}/og.png`: the picture of a poll for links to it on other sites. */

import { getFront } from "#lib/web/front.ts";
import { type RouteContext, routeHandler, slugOf } from "#lib/web/route-handler.ts";
import { otherMethods } from "#reader/refused-request.ts";
import { sharePicture } from "#reader/share-picture.ts";

export const dynamic = "force-dynamic";

export const GET = routeHandler<RouteContext>(async (request, context) =>
  sharePicture(getFront(), await slugOf(context), request),
);

export const { DELETE, OPTIONS, PATCH, POST, PUT } = otherMethods("GET");
