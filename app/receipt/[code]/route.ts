/** `GET /receipt/{code}`: what became of a ballot, in words. */
import { front } from "#lib/web/front.ts";
import { pageRoute } from "#reader/page-route.ts";
import { receiptPageFor } from "#reader/receipt-page.tsx";

interface Context {
  readonly params: Promise<{ readonly code: string }>;
}

export const GET = pageRoute<Context>(async (request, context) =>
  receiptPageFor(front(), (await context.params).code, request),
);
