/**
 * What nearly every reader gets, answered without a Web request or answer in between: results and pages that
 * are made already, as they lie there. They are the same answers that the routes' own functions give
 * (`lib/web/answer-results.ts`, `reader/answer-poll-page.ts`); whatever has to be read or made is left to those.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Front } from "#lib/web/front.ts";
import type { Hot } from "./hot-routes.ts";
import { isPlain, NodeRequestHead } from "./node-request-head.ts";

/** Answers `request` if its answer is ready; false when it is not. */
export function fastRead(
  front: Front,
  request: IncomingMessage,
  response: ServerResponse,
  { ready, params }: Hot,
): boolean {
  if (!ready || !isPlain(request)) return false;
  const answer = ifItCan(() => ready(front, params.poll ?? "", new NodeRequestHead(request)));
  if (!answer) return false;
  response.writeHead(answer.status, answer.rawHeaders as string[]);
  response.end(answer.body);
  return true;
}

/** Whatever a request can make fail here, the route's own function meets too, and says so in its answer. */
function ifItCan<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
