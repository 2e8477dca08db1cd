/** `GET /receipt/{code}`: what became of a ballot, in words. */
import { getFront } from "#lib/web/front.ts";
import { pageRoute } from "#reader/page-handler.ts";
import { receiptPageFor } from "#reader/receipt-page.tsx";

interface Context {
  readonly params: Promise<{ readonly code: string }>;
}

export const GET = pageRoute<Context>(async (request, context) =>
  receiptPageFor(getFront(), (await context.params).code, request),
);
