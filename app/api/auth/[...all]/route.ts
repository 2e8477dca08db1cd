/** `/api/auth/**`: the sign-in library's own routes. */

import { refuseCrossSite } from "#lib/http/same-origin.ts";
import { runtime } from "#lib/web/front.ts";
import { route } from "#lib/web/route-handler.ts";

const handle = route(async request => {
  const { auth, config } = runtime();
  if (request.method !== "GET") refuseCrossSite(request, config.publicUrl);
  return (await auth()).handle(request);
});

export { handle as GET, handle as POST };
