/** `GET /readyz`: whether this process can take votes, and its degradation step. */
import { json } from "#lib/http/respond.ts";
import { getFront } from "#lib/web/front.ts";
import { readiness } from "#lib/web/readiness.ts";
import { routeHandler } from "#lib/web/route-handler.ts";
import { otherMethods } from "#reader/refused-request.ts";

export const dynamic = "force-dynamic";

export const GET = routeHandler(async () => {
  const state = await readiness(getFront());
  return json(state, { status: state.status === "unavailable" ? 503 : 200 });
});

export const { DELETE, OPTIONS, PATCH, POST, PUT } = otherMethods("GET");
