/**
 * `GET /bad-request`: the refusal of a request that can't be read. A plain `next start` sends such requests here
 * (`instrumentation.ts`); the front refuses them itself.
 */
import { unreadableParts } from "#lib/http/request-check.ts";
import { getFront } from "#lib/web/front.ts";
import { routeHandler } from "#lib/web/route-handler.ts";
import { answerUnreadable, audiences, otherMethods } from "#reader/refused-request.ts";

export const dynamic = "force-dynamic";

export const GET = routeHandler(async request => {
  const query = new URL(request.url).searchParams;
  const audience = audiences.find(name => name === query.get("audience")) ?? "page";
  const part = unreadableParts.find(name => name === query.get("part")) ?? "address";
  return answerUnreadable(getFront().config, request, audience, part);
});

export const { DELETE, OPTIONS, PATCH, POST, PUT } = otherMethods("GET");
