/** `GET /api/receipts/{code}`: what became of a ballot, by its receipt. */
import { FloodgateError } from "#lib/base/errors.ts";
import { json } from "#lib/http/respond.ts";
import { toReceiptResponse } from "#lib/web/contract.ts";
import { getFront } from "#lib/web/front.ts";
import { routeHandler } from "#lib/web/route-handler.ts";
import { otherMethods } from "#reader/refused-request.ts";

interface Context {
  readonly params: Promise<{ readonly code: string }>;
}

export const GET = routeHandler<Context>(async (_request, context) => {
  const found = await getFront().receipts.find((await context.params).code);
  if (!found) throw new FloodgateError("not_found");
  return json(toReceiptResponse(found));
});

export const { DELETE, OPTIONS, PATCH, POST, PUT } = otherMethods("GET");
