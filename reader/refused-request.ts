/** Answers to requests that no route takes: one that can't be read, and a method that an address does not have. */
import type { Config } from "#lib/config/config.ts";
import { problem } from "#lib/http/problem.ts";
import type { Unreadable } from "#lib/http/request-check.ts";
import type { RequestHead } from "#lib/http/request-head.ts";
import { getFront } from "#lib/web/front.ts";
import { pageContextOf } from "./page-context.ts";
import { htmlResponse } from "./page-response.ts";
import { messagePage } from "./render-pages.tsx";
import type { Surface } from "./views/paths.ts";

const details: Readonly<Record<Unreadable, string>> = {
  address: "The address is not percent-encoded UTF-8, or is no path.",
  host: "The Host header is missing, repeated or not a host.",
  headers: "The Next-Router-State-Tree header can't be read.",
};

/** Who is answered: a person on a page or in an embed, or a program. */
export const audiences = ["page", "embed", "program"] as const;
export type Audience = (typeof audiences)[number];

/** Who is answered at this path: a page is for people, unless something was sent there without asking for a page. */
export function audienceOf(path: string, method: string, accept: string): Audience {
  const wantsPage = method === "GET" || method === "HEAD" || accept.includes("text/html");
  if (/^\/(?:api|oembed)(?:[/?]|$)/.test(path) || !wantsPage) return "program";
  return path.startsWith("/embed/") ? "embed" : "page";
}

/** 400: the request can't be read. */
export function answerUnreadable(
  config: Config,
  request: RequestHead,
  audience: Audience,
  part: Unreadable,
): Response {
  if (audience === "program") return problem("invalid_request", { detail: details[part] });
  return refusalPage(config, request, audience, 400);
}

function refusalPage(
  config: Config,
  request: RequestHead,
  surface: Surface,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const context = pageContextOf(config, request);
  const html = messagePage(context, surface, "refusedTitle", "refusedBody");
  const framing = surface === "embed" ? { embedSites: config.embedSites } : {};
  return htmlResponse(html, { status, personal: true, headers, ...framing });
}

type Method = "DELETE" | "GET" | "HEAD" | "OPTIONS" | "PATCH" | "POST" | "PUT";
type Handler = (request: Request) => Promise<Response>;

/** 405, with the methods that the address has. */
export function answerMethodRefused(
  config: Config,
  request: Request,
  allowed: readonly string[],
): Response {
  const { pathname } = new URL(request.url);
  const audience = audienceOf(pathname, request.method, request.headers.get("accept") ?? "");
  const headers = { Allow: allowed.join(", ") };
  if (audience !== "program") return refusalPage(config, request, audience, 405, headers);
  const answer = problem("method_not_allowed", { detail: `It takes ${headers.Allow}.` });
  answer.headers.set("Allow", headers.Allow);
  return answer;
}

/**
 * The handlers of the methods that a route does not serve. A route exports those of them that it has no handler for:
 * without one, Next answers 405 without a word.
 *
 * @param served - the methods that it serves; HEAD comes with GET, and OPTIONS always.
 */
export function otherMethods(...served: readonly Method[]): Readonly<Record<Method, Handler>> {
  const withHead: readonly Method[] = served.includes("GET") ? ["HEAD"] : [];
  const allowed = [...served, ...withHead, "OPTIONS"];
  const refuse = async (request: Request) =>
    answerMethodRefused(getFront().config, request, allowed);
  const options = async () =>
    new Response(null, { status: 204, headers: { Allow: allowed.join(", ") } });
  return {
    DELETE: refuse,
    GET: refuse,
    HEAD: refuse,
    OPTIONS: options,
    PATCH: refuse,
    POST: refuse,
    PUT: refuse,
  };
}
