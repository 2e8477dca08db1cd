/** What the ways of reading results share: which poll, and who may read it. */
import { wallMs } from "../base/clock.ts";
import { FloodgateError } from "../base/errors.ts";
import { dataHeaders } from "../http/headers.ts";
import { answerFor, type PreparedResponse, prepareResponse } from "../http/prepared-response.ts";
import type { RequestHead } from "../http/request-head.ts";
import { jsonHeadersWith } from "../http/respond.ts";
import type { Poll } from "../model/poll.ts";
import { pollState } from "../model/poll-state.ts";
import { dependsOnVoter, maySeeResults, type Requester } from "../model/visibility.ts";
import { isSlug } from "../polls/schema.ts";
import type { Snapshot } from "../results/snapshot.ts";
import { voterKey } from "../voters/identity.ts";
import { type Mark, readMark } from "../voters/marks.ts";
import { identityOf } from "./answer-vote.ts";
import type { Front } from "./front.ts";
import { requireEditor } from "./route-handler.ts";

/** Part of the sign-in library's cookie name. */
const sessionCookie = "fg.session_token";

const intervalHeader = "Floodgate-Interval";

/** Results may be read by any site's script. */
export const anySite = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": intervalHeader,
} as const;

/** Of an event stream, and of the answer that there is none any more. */
export const streamHeaders: Readonly<Record<string, string>> = {
  ...dataHeaders,
  ...anySite,
  "Cache-Control": "no-store",
  // Proxies that gather what they pass on would hold results back.
  "X-Accel-Buffering": "no",
};

const intervalSeconds = 5;
const intervalSecondsBusy = 30;

/** When to ask again, for who can't be told: seldom while there are too many to tell. */
export function askAgain(front: Front): Readonly<Record<string, string>> {
  const busy = front.live.viewers >= front.config.viewersMax / 2;
  return { [intervalHeader]: String(busy ? intervalSecondsBusy : intervalSeconds) };
}

/**
 * As whom a request for results comes. What does not make a difference to what may be seen is not looked
 * for: nearly always, that is everything. **Cost:** a memcached read where results are for voters; for
 * whoever brings an editor's credentials to hidden results, what signing in costs.
 */
export async function requesterOf(front: Front, poll: Poll, request: Request): Promise<Requester> {
  const nowMs = wallMs();
  if (maySeeResults(poll, "reader", nowMs)) return "reader";
  if (dependsOnVoter(poll, nowMs) && hasVoted(await markOf(front, poll, request))) return "voter";
  if (!maySeeResults(poll, "editor", nowMs) || !bringsCredentials(request)) return "reader";
  return requireEditor(request, front).then(
    () => "editor",
    () => "reader",
  );
}

/** The ballot that the voter of this request has in a poll, as far as memcached knows. */
export async function markOf(
  front: Front,
  poll: Poll,
  request: Request,
): Promise<Mark | undefined> {
  const identity = identityOf(front, request);
  if (!identity) return undefined;
  return readMark(front.memcached, poll.id, voterKey(front.secrets, poll.id, identity));
}

/** Whose ballot is withdrawn is no voter. */
export function hasVoted(mark: Mark | undefined): mark is Mark {
  return mark !== undefined && mark.choices.length > 0;
}

function bringsCredentials(request: RequestHead): boolean {
  const cookies = request.headers.get("cookie") ?? "";
  return request.headers.has("authorization") || cookies.includes(sessionCookie);
}

/** Whether an answer may be kept for others: it is what every reader would get at this moment. */
export function sameForAll(poll: Poll, requester: Requester): boolean {
  return requester === "reader" && !dependsOnVoter(poll, wallMs());
}

/**
 * Whether a request comes as one of all readers, as far as that can be told without asking anybody: then
 * what it gets is what they all get.
 */
export function isAnyReader(poll: Poll, request: RequestHead): boolean {
  const nowMs = wallMs();
  if (dependsOnVoter(poll, nowMs)) return false;
  return maySeeResults(poll, "reader", nowMs) || !bringsCredentials(request);
}

const shared = "public, max-age=1, s-maxage=1, stale-while-revalidate=5";

/** The answer to `GET …/results`; to many, it is made once for each snapshot. */
export function resultsAnswer(front: Front, snapshot: Snapshot, forAll: boolean): PreparedResponse {
  const again = askAgain(front);
  const known = forAll ? front.sharedResults.get(snapshot) : undefined;
  if (known && known.headers[intervalHeader] === again[intervalHeader]) return known;
  const headers = jsonHeadersWith({
    ...anySite,
    ...again,
    "Cache-Control": forAll ? shared : "private, no-store",
    ETag: snapshot.etag,
  });
  const answer = prepareResponse(200, headers, snapshot.json);
  if (forAll) front.sharedResults.set(snapshot, answer);
  return answer;
}

/** The answer to `GET …/results` without parameters, if nothing has to be read for it. */
export function preparedResults(
  front: Front,
  slug: string,
  request: RequestHead,
): PreparedResponse | undefined {
  const poll = preparedPoll(front, slug);
  if (!poll || request.url.includes("?") || !isAnyReader(poll, request)) return undefined;
  const snapshot = front.results.fresh(poll, "reader");
  if (!snapshot) return undefined;
  return answerFor(resultsAnswer(front, snapshot, true), request.headers.get("if-none-match"));
}

/** The poll, if this process knows it at the moment and readers may. */
export function preparedPoll(front: Front, slug: string): Poll | undefined {
  const poll = isSlug(slug) ? front.published.remembered(slug) : undefined;
  return poll && pollState(poll, wallMs()) !== "draft" ? poll : undefined;
}

/**
 * The poll of a request for its results.
 *
 * @throws FloodgateError `poll_not_found`, also for a draft.
 */
export async function pollWithResults(front: Front, slug: string): Promise<Poll> {
  const poll = isSlug(slug) ? await front.published.find(slug) : null;
  if (!poll || pollState(poll, wallMs()) === "draft") throw new FloodgateError("poll_not_found");
  return poll;
}

/** What an event stream begins with. */
export interface StreamStart {
  readonly poll: Poll;
  readonly requester: Requester;
  readonly current: Snapshot;
  /** The version that the viewer has, from an earlier connection; 0 for none. */
  readonly knownVersion: number;
}

/**
 * Reads what a stream for this request begins with.
 *
 * @throws FloodgateError `poll_not_found`; what reading results throws.
 */
export async function startOfStream(
  front: Front,
  slug: string,
  { headers }: RequestHead,
  requesterFor: (poll: Poll) => Requester | Promise<Requester>,
): Promise<StreamStart> {
  const poll = await pollWithResults(front, slug);
  const requester = await requesterFor(poll);
  const current = await front.results.snapshot(poll, requester);
  const knownVersion = Number(headers.get("last-event-id") ?? 0) || 0;
  return { poll, requester, current, knownVersion };
}
