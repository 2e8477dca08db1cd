/** Answers every other address with the not-found page. */
import { problem } from "#lib/http/problem.ts";
import { getFront } from "#lib/web/front.ts";
import { routeHandler } from "#lib/web/route-handler.ts";
import { pageContextOf } from "#reader/page-context.ts";
import { htmlResponse } from "#reader/page-response.ts";
import { notFoundPage } from "#reader/render-pages.tsx";

interface Context {
  readonly params: Promise<{ readonly path: readonly string[] }>;
}

const notFound = routeHandler<Context>(async (request, context) => {
  const [first] = (await context.params).path;
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (first === "api" || !isRead) return problem("not_found");
  return htmlResponse(notFoundPage(pageContextOf(getFront().config, request)), { status: 404 });
});

export {
  notFound as DELETE,
  notFound as GET,
  notFound as OPTIONS,
  notFound as PATCH,
  notFound as POST,
  notFound as PUT,
};
