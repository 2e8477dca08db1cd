/** What API routes have in common: parameters, the editor who asks, and errors as problem answers. */

import { FloodgateError, isFloodgateError } from "../base/errors.ts";
import { editorOfToken } from "../editors/api-tokens.ts";
import type { Editor } from "../editors/named-editor.ts";
import { responseOf } from "../http/respond.ts";
import { refuseCrossSite } from "../http/same-origin.ts";
import type { Slug } from "../model/ids.ts";
import { isSlug } from "../polls/schema.ts";
import { type Front, getFront } from "./front.ts";
import { errorAnswer, movedAnswer } from "./moved.ts";

/** The second argument of a route function. */
export interface RouteContext {
  readonly params: Promise<{ readonly poll: string }>;
}

type Handler<Context> = (request: Request, context: Context) => Promise<Response>;

/** Answers an error that `handler` throws with a problem document. */
export function routeHandler<Context = unknown>(handler: Handler<Context>): Handler<Context> {
  return async (request, context) => {
    try {
      return await handler(request, context);
    } catch (error) {
      return errorResponse(request, context as Partial<RouteContext> | undefined, error);
    }
  };
}

async function errorResponse(
  request: Request,
  context: Partial<RouteContext> | undefined,
  error: unknown,
): Promise<Response> {
  const front = getFront();
  const given = (await context?.params)?.poll;
  const answer = await errorAnswer(front, request, given, error);
  const isUnknown = given !== undefined && isFloodgateError(error, "poll_not_found");
  if (answer.status === 308 || !isUnknown || !request.headers.has("authorization"))
    return responseOf(answer);
  // A program of an editor's, which may know of drafts.
  const moved = await requireEditor(request, front).then(
    () => movedAnswer(front, request, given, "editors"),
    () => undefined,
  );
  return responseOf(moved ?? answer);
}

/**
 * The slug in the path.
 *
 * @throws FloodgateError `poll_not_found` when it is not a valid slug.
 */
export async function slugOf(context: RouteContext): Promise<Slug> {
  const { poll } = await context.params;
  if (!isSlug(poll)) throw new FloodgateError("poll_not_found");
  return poll;
}

/**
 * The editor of a request, by API token or by session cookie. A cookie counts only on requests from our own pages.
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
