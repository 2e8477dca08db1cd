/** Passes requests on to the Next process over its socket, and the answers back. */
import { request as ask, type IncomingMessage, type ServerResponse } from "node:http";
import { FloodgateError } from "#lib/base/errors.ts";
import type { Config } from "#lib/config/config.ts";
import { problemResponse } from "#lib/http/problem.ts";
import type { Unreadable } from "#lib/http/request-check.ts";
import { answerPagesAway } from "#reader/pages-away.ts";
import { answerUnreadable, audienceOf } from "#reader/refused-request.ts";
import { NodeRequestHead } from "./node-request-head.ts";

/** Headers of one connection, which are not passed on (RFC 9110, 7.6.1). */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Each request has a connection of its own, which this side closes at the end. If the Next process were to close it, an
 * answer that comes before the body was read (a wrong token, too large a body) would be lost: writing the rest of the
 * body fails then, before the answer is read.
 */
const keepOpen = ["Connection", "keep-alive"];

function endToEnd(rawHeaders: readonly string[]): string[] {
  const headers: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = "", value = ""] = rawHeaders.slice(at, at + 2);
    if (!hopByHop.has(name.toLowerCase())) headers.push(name, value);
  }
  return headers;
}

/** These change nothing, so one may be refused and asked again while the Next process is still at it. */
const onlyAsks = new Set(["GET", "HEAD"]);

/**
 * Passes `request` on. Without an answer from the Next process, the client gets a 503.
 *
 * @param away - aborted when the Next process stops answering. A request that changes something goes on waiting then,
 *   until the process has ended.
 */
export function proxyToNext(
  request: IncomingMessage,
  response: ServerResponse,
  { socketPath, away }: { readonly socketPath: string; readonly away: AbortSignal },
  config: Config,
): void {
  const headers = endToEnd(request.rawHeaders);
  const body = request.headers["transfer-encoding"] ? ["Transfer-Encoding", "chunked"] : [];
  const onward = ask({
    socketPath,
    agent: false,
    method: request.method,
    path: request.url,
    headers: [...headers, ...body, ...keepOpen] as never,
    setHost: false,
  });
  onward.on("response", answer => {
    response.writeHead(answer.statusCode ?? 502, endToEnd(answer.rawHeaders));
    answer.pipe(response);
    answer.on("error", () => response.destroy());
  });
  onward.on("error", () => {
    if (response.headersSent) response.destroy();
    else void refuse(request, response, config);
  });
  const giveUp = () => {
    if (!response.headersSent) onward.destroy(new Error("the Next process does not answer"));
  };
  if (onlyAsks.has(request.method ?? "")) away.addEventListener("abort", giveUp);
  response.on("close", () => {
    away.removeEventListener("abort", giveUp);
    onward.destroy();
    // What is left of a body that was answered early is in the way of the client's next request.
    request.unpipe(onward).resume();
  });
  request.on("error", () => onward.destroy());
  request.pipe(onward);
}

/** Answers 503: the Next process is not running. A browser gets a page that tries again, everybody else a problem. */
export async function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  config: Config,
): Promise<void> {
  const { accept = "" } = request.headers;
  const answer = accept.includes("text/html")
    ? answerPagesAway(config, new NodeRequestHead(request), request.method ?? "")
    : problemResponse(new FloodgateError("overloaded"));
  await write(request, response, answer);
}

/** Answers 400 to a request that can't be read. What it sent besides is not read either. */
export async function refuseUnreadable(
  request: IncomingMessage,
  response: ServerResponse,
  config: Config,
  part: Unreadable,
): Promise<void> {
  const { url = "", method = "", headers } = request;
  const audience = audienceOf(url, method, headers.accept ?? "");
  const answer = answerUnreadable(config, new NodeRequestHead(request), audience, part);
  await write(request, response, answer);
  request.resume();
}

async function write(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Response,
): Promise<void> {
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.end(request.method === "HEAD" ? undefined : await answer.text());
}
