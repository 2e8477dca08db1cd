/** What the ways of reading results share: which poll, and who may read it. */
import { wallMs } from "../clock.ts";
import { FloodgateError } from "../errors.ts";
import { pollState } from "../polls/state.ts";
import { dependsOnVoter, maySeeResults, type Requester } from "../polls/visibility.ts";
import type { Runtime } from "../runtime.ts";
import type { Poll } from "../store/polls.ts";
import { type Mark, readMark } from "../voters/ballot-once.ts";
import { voterKey } from "../voters/identity.ts";
import { identityOf } from "./cast-route.ts";
import { type RouteContext, requireEditor, slugOf } from "./route.ts";

/** Part of the sign-in library's cookie name. */
const sessionCookie = "fg.session_token";

/** Results may be read by any site's script. */
export const anySite = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": "Floodgate-Interval",
} as const;

const intervalSeconds = 5;
const intervalSecondsBusy = 30;

/** When to ask again, for who can't be told: seldom while there are too many to tell. */
export function askAgain(at: Runtime): Readonly<Record<string, string>> {
  const busy = at.live.viewers >= at.config.FLOODGATE_VIEWERS_MAX / 2;
  return { "Floodgate-Interval": String(busy ? intervalSecondsBusy : intervalSeconds) };
}

/**
 * As whom a request for results comes. What does not make a difference to what may be seen is not looked
 * for: nearly always, that is everything. **Cost:** a memcached read where results are for voters; for
 * whoever brings an editor's credentials to hidden results, what signing in costs.
 */
export async function requesterOf(at: Runtime, poll: Poll, request: Request): Promise<Requester> {
  const nowMs = wallMs();
  if (maySeeResults(poll, "reader", nowMs)) return "reader";
  if (dependsOnVoter(poll, nowMs) && (await markOf(at, poll, request))) return "voter";
  if (!maySeeResults(poll, "editor", nowMs) || !bringsCredentials(request)) return "reader";
  return requireEditor(request, at).then(
    () => "editor",
    () => "reader",
  );
}

/** The ballot that the voter of this request has in a poll, as far as memcached knows. */
export async function markOf(at: Runtime, poll: Poll, request: Request): Promise<Mark | undefined> {
  const identity = identityOf(at, request);
  if (!identity) return undefined;
  return readMark(at.memcached, poll.id, voterKey(at.cast.secrets, poll.id, identity));
}

function bringsCredentials(request: Request): boolean {
  const cookies = request.headers.get("cookie") ?? "";
  return request.headers.has("authorization") || cookies.includes(sessionCookie);
}

/** Whether an answer may be kept for others: it is what every reader would get at this moment. */
export function sameForAll(poll: Poll, requester: Requester): boolean {
  return requester === "reader" && !dependsOnVoter(poll, wallMs());
}

/**
 * The poll of a request for its results.
 *
 * @throws FloodgateError `poll_not_found`, also for a draft.
 */
export async function pollWithResults(at: Runtime, context: RouteContext): Promise<Poll> {
  const poll = await at.published.find(await slugOf(context));
  if (!poll || pollState(poll, wallMs()) === "draft") throw new FloodgateError("poll_not_found");
  return poll;
}
