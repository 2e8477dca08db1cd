/**
 * Between Node's HTTP and Web requests and answers: `@hono/node-server`, for the hot routes.
 *
 * It puts light classes in the place of this process's `Request` and `Response`, which keep what they are
 * given and build the real things only when somebody looks closer. That is most of its speed; Next does
 * not bear it, and is in another process.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { FloodgateError } from "#lib/base/errors.ts";
import { problemResponse } from "#lib/http/problem.ts";
import type { Front } from "#lib/web/front.ts";
import { fastRead } from "./fast-read.ts";
import { fastStream } from "./fast-stream.ts";
import { fastVote, isPlainVote } from "./fast-vote.ts";
import { type Hot, isStream, isVote } from "./hot-routes.ts";

export type HotListener = (request: IncomingMessage, response: ServerResponse, hot: Hot) => void;

const routeOf = Symbol("hot route");

type Routed = IncomingMessage & { [routeOf]?: Hot };

/** Calls a route function with a Web request, and writes its answer; what is direct or ready needs neither. */
export function hotListener(front: Front): HotListener {
  const listener = getRequestListener(
    (request, { incoming }) => {
      const hot = (incoming as Routed)[routeOf];
      if (!hot) throw new RangeError("a request without its route");
      return hot.handler(request, { params: Promise.resolve(hot.params) } as never);
    },
    // Routes answer whatever is thrown in them: what comes here is a request that is none.
    { errorHandler: cause => problemResponse(new FloodgateError("invalid_request", { cause })) },
  );
  return (request, response, hot) => {
    if (fastRead(front, request, response, hot)) return;
    if (isVote(hot) && isPlainVote(request)) {
      fastVote(front, request, response, hot.params.poll ?? "");
      return;
    }
    (request as Routed)[routeOf] = hot;
    if (!isStream(hot)) void listener(request, response);
    else {
      void fastStream(front, request, response, hot.params.poll ?? "").then(opened => {
        if (!opened) void listener(request, response);
      });
    }
  };
}
