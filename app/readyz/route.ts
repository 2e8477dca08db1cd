/** `GET /readyz`: this process can take votes, and what it takes them with. */
import { json } from "#lib/http/respond.ts";
import { route } from "#lib/http/route.ts";
import { readiness } from "#lib/readiness.ts";
import { runtime } from "#lib/runtime.ts";

export const dynamic = "force-dynamic";

export const GET = route(async () => {
  const state = await readiness(runtime());
  return json(state, { status: state.status === "unavailable" ? 503 : 200 });
});
