/** `/api/auth/**`: the sign-in library's own routes. */

import { refuseCrossSite } from "#lib/http/same-origin.ts";
import { getFront } from "#lib/web/front.ts";
import { routeHandler } from "#lib/web/route-handler.ts";

const handle = routeHandler(async request => {
  const { auth, config } = getFront();
  if (request.method !== "GET") refuseCrossSite(request, config.publicUrl);
  return (await auth()).handle(request);
});

export { handle as GET, handle as POST };
