/** `/api/auth/**`: the sign-in library's own routes. */

import { problem } from "#lib/http/problem.ts";
import { refuseCrossSite } from "#lib/http/same-origin.ts";
import { getFront } from "#lib/web/front.ts";
import { routeHandler } from "#lib/web/route-handler.ts";
import { otherMethods } from "#reader/refused-request.ts";

const handle = routeHandler(async request => {
  const { auth, config } = getFront();
  if (request.method !== "GET") refuseCrossSite(request, config.publicUrl);
  const answer = await (await auth()).handle(request);
  // An address that the library does not know is answered without a word.
  if (answer.status === 404 && answer.body === null) return problem("not_found");
  // It may hold the session's token, of which its compressed length would tell something.
  const sent = new Response(answer.body, answer);
  sent.headers.set("Cache-Control", "no-store, no-transform");
  return sent;
});

export { handle as GET, handle as POST };

export const { DELETE, OPTIONS, PATCH, PUT } = otherMethods("GET", "POST");
