/** `GET /`: the list of polls, and searches. */
import { getFront } from "#lib/web/front.ts";
import { answerList } from "#reader/answer-list.ts";
import { pageHandler } from "#reader/page-handler.ts";
import { otherMethods } from "#reader/refused-request.ts";

export const dynamic = "force-dynamic";

export const GET = pageHandler(request => answerList(getFront(), request));

export const { DELETE, OPTIONS, PATCH, POST, PUT } = otherMethods("GET");
