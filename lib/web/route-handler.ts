/** What every API route has in common: its parameters, who is asking, and what becomes of an error. */

import { FloodgateError } from "../base/errors.ts";
import { editorOfToken } from "../editors/api-tokens.ts";
import type { Editor } from "../editors/auth.ts";
import { problemResponse } from "../http/problem.ts";
import { refuseCrossSite } from "../http/same-origin.ts";
import type { Slug } from "../model/ids.ts";
import { isSlug } from "../polls/schema.ts";
import { type Front, getFront } from "./front.ts";

/** What Next (and the front) hand to a route beside the request. */
export interface RouteContext {
  readonly params: Promise<{ readonly poll: string }>;
}

type Handler<Context> = (request: Request, context: Context) => Promise<Response>;

/** Turns whatever `handler` throws into a problem answer. */
export function routeHandler<Context = unknown>(handler: Handler<Context>): Handler<Context> {
  return async (request, context) => {
    try {
      return await handler(request, context);
    } catch (error) {
      return problemResponse(error, getFront().log);
    }
  };
}

/**
 * The slug in the path.
 *
 * @throws FloodgateError `poll_not_found` for anything that can't be one.
 */
export async function slugOf(context: RouteContext): Promise<Slug> {
  const { poll } = await context.params;
  if (!isSlug(poll)) throw new FloodgateError("poll_not_found");
  return poll;
}

/**
 * The editor who is asking, by token or by session cookie; a cookie only from our own pages.
 *
 * @throws FloodgateError `unauthenticated`, `forbidden`.
 */
export async function requireEditor(request: Request, front: Front): Promise<Editor> {
  const byToken = await editorOfToken(front.store, request.headers);
  if (byToken) return byToken;
  if (request.method !== "GET" && request.method !== "HEAD") {
    refuseCrossSite(request, front.config.publicUrl);
  }
  const auth = await front.auth();
  const bySession = await auth.editorOf(request.headers);
  if (!bySession) throw new FloodgateError("unauthenticated");
  return bySession;
}
