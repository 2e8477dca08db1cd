/**
 * Between Node's HTTP and Web requests and answers: `@hono/node-server`, for the hot routes.
 *
 * It replaces this process's `Request` and `Response` by light classes, which build the real ones only when a
 * rarely used property is read. Most of its speed comes from that; Next does not work with it, and runs in a process
 * of its own.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { FloodgateError } from "#lib/base/errors.ts";
import { problemResponse } from "#lib/http/problem.ts";
import type { Front } from "#lib/web/front.ts";
import { fastRead } from "./fast-read.ts";
import { fastStream } from "./fast-stream.ts";
import { fastVote, isFastVote } from "./fast-vote.ts";
import type { Hot } from "./hot-routes.ts";

export type HotListener = (request: IncomingMessage, response: ServerResponse, hot: Hot) => void;

const routeOf = Symbol("hot route");

type Routed = IncomingMessage & { [routeOf]?: Hot };

/** Answers requests to hot routes: by the fast paths where they apply, otherwise by the route function. */
export function hotListener(front: Front): HotListener {
  const listener = getRequestListener(
    (request, { incoming }) => {
      const hot = (incoming as Routed)[routeOf];
      if (!hot) throw new RangeError("the request has no hot route attached");
      return hot.handler(request, { params: Promise.resolve(hot.params) } as never);
    },
    // Route functions answer their own errors: only a request that is not valid HTTP gets here.
    { errorHandler: cause => problemResponse(new FloodgateError("invalid_request", { cause })) },
  );
  return (request, response, hot) => {
    if (fastRead(front, request, response, hot)) return;
    if (hot.fast === "vote" && isFastVote(request)) {
      fastVote(front, request, response, hot.params.poll ?? "");
      return;
    }
    (request as Routed)[routeOf] = hot;
    if (hot.fast !== "stream") void listener(request, response);
    else {
      void fastStream(front, request, response, hot.params.poll ?? "").then(opened => {
        if (!opened) void listener(request, response);
      });
    }
  };
}
