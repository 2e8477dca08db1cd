/** `GET /receipt/{code}`: the state of a ballot, in words. */
import { getFront } from "#lib/web/front.ts";
import { pageHandler } from "#reader/page-handler.ts";
import { answerReceiptPage } from "#reader/receipt-page.tsx";
import { otherMethods } from "#reader/refused-request.ts";

interface Context {
  readonly params: Promise<{ readonly code: string }>;
}

export const GET = pageHandler<Context>(async (request, context) =>
  answerReceiptPage(getFront(), (await context.params).code, request),
);

export const { DELETE, OPTIONS, PATCH, POST, PUT } = otherMethods("GET");
