/** Error handling shared by all readers' pages. */
import { problemAnswer } from "#lib/http/problem.ts";
import { responseOf } from "#lib/http/respond.ts";
import { getFront } from "#lib/web/front.ts";
import { framingOptions } from "./answer-poll-page.ts";
import { pageContextOf } from "./page-context.ts";
import { htmlResponse } from "./page-response.ts";
import { messagePage } from "./render-pages.tsx";
import type { Surface } from "./views/paths.ts";

type Handler<Context> = (request: Request, context: Context) => Promise<Response>;

/**
 * Wraps a page's handler as `routeHandler` (`lib/web/route-handler.ts`) wraps an API route, but answers an outage
 * with a readable page: 503 with `Retry-After`.
 */
export function pageHandler<Context = unknown>(
  handler: Handler<Context>,
  surface: Surface = "page",
): Handler<Context> {
  return async (request, context) => {
    try {
      return await handler(request, context);
    } catch (error) {
      const front = getFront();
      const problem = problemAnswer(error, front.log);
      if (problem.status !== 503) return responseOf(problem);
      const html = messagePage(
        pageContextOf(front.config, request),
        surface,
        "awayTitle",
        "awayBody",
      );
      const { "Retry-After": retryAfter = "1" } = problem.headers;
      const headers = { "Retry-After": retryAfter };
      return htmlResponse(html, { status: 503, headers, ...framingOptions(front, surface) });
    }
  };
}
