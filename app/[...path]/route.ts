/** Answers every other address: a poll's in upper case with a redirect, any other with the not-found page. */
import { problem } from "#lib/http/problem.ts";
import { getFront } from "#lib/web/front.ts";
import { routeHandler } from "#lib/web/route-handler.ts";
import { pageContextOf } from "#reader/page-context.ts";
import { htmlResponse } from "#reader/page-response.ts";
import { notFoundPage } from "#reader/render-pages.tsx";

interface Context {
  readonly params: Promise<{ readonly path: readonly string[] }>;
}

const pollPage = /^\/(?:p|embed)\/[^/]+(?:\/results|\/og\.png)?$/i;

const notFound = routeHandler<Context>(async (request, context) => {
  const [first] = (await context.params).path;
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (first === "api" || !isRead) return problem("not_found");
  const { pathname, search } = new URL(request.url);
  if (pollPage.test(pathname) && pathname !== pathname.toLowerCase()) {
    const headers = { Location: pathname.toLowerCase() + search };
    return new Response(null, { status: 308, headers });
  }
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
