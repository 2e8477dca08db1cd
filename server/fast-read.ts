/**
 * Answers that are encoded already, results and shared pages, written without a Web `Request` or `Response`. They are
 * the answers that the routes give (`lib/web/answer-results.ts`, `reader/answer-poll-page.ts`); a request that needs
 * I/O or rendering is left to the routes.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Front } from "#lib/web/front.ts";
import type { Hot } from "./hot-routes.ts";
import { isPlain, NodeRequestHead } from "./node-request-head.ts";

/** Answers `request` if its answer is ready; otherwise returns false. */
export function fastRead(
  front: Front,
  request: IncomingMessage,
  response: ServerResponse,
  { ready, params }: Hot,
): boolean {
  if (!ready || !isPlain(request)) return false;
  const answer = orUndefined(() => ready(front, params.poll ?? "", new NodeRequestHead(request)));
  if (!answer) return false;
  response.writeHead(answer.status, answer.rawHeaders as string[]);
  response.end(answer.body);
  return true;
}

/** `undefined` when `work` throws: the route then meets the same error, and answers it. */
function orUndefined<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
