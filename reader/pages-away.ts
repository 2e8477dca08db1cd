/** The page in place of one that can't be made right now, because the Next process is being started. */
import type { Config } from "#lib/config/config.ts";
import type { RequestHead } from "#lib/http/request-head.ts";
import { pageContextOf } from "./page-context.ts";
import { htmlResponse } from "./page-response.ts";
import { messagePage } from "./render-pages.tsx";

const retryAfterSeconds = 3;

/** A page that loads itself again; where something was sent, the page says that it has to be sent again instead. */
export function answerPagesAway(config: Config, request: RequestHead, method: string): Response {
  const asked = method === "GET" || method === "HEAD";
  const html = messagePage(
    pageContextOf(config, request),
    "page",
    "awayTitle",
    asked ? "pagesAwayBody" : "pagesAwayNotSaved",
    asked ? retryAfterSeconds : undefined,
  );
  const headers = { "Retry-After": String(retryAfterSeconds), "X-Robots-Tag": "noindex" };
  return htmlResponse(html, { status: 503, personal: true, headers });
}
