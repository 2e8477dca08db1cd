/** `GET /receipt/{code}`: what became of a ballot, in words. */
import { route } from "#lib/http/route.ts";
import { runtime } from "#lib/runtime.ts";
import { receiptPageFor } from "#reader/receipt-page.tsx";

interface Context {
  readonly params: Promise<{ readonly code: string }>;
}

export const GET = route<Context>(async (request, context) =>
  receiptPageFor(runtime(), (await context.params).code, request),
);
