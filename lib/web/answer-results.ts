/** Reading results by API or stream: which poll, who may see it, and the encoded answer. */
import { FloodgateError } from "../base/errors.ts";
import { dataHeaders } from "../http/headers.ts";
import { answerFor, type PreparedResponse, prepareResponse } from "../http/prepared-response.ts";
import type { RequestHead } from "../http/request-head.ts";
import { jsonHeadersWith } from "../http/respond.ts";
import { isSameEdition } from "../model/edition.ts";
import type { Poll } from "../model/poll.ts";
import { pollState } from "../model/poll-state.ts";
import { dependsOnVoter, maySeeResults, type Requester } from "../model/visibility.ts";
import { isSlug } from "../polls/schema.ts";
import type { Snapshot } from "../results/snapshot.ts";
import { voterKey } from "../voters/identity.ts";
import { type Mark, readMark } from "../voters/marks.ts";
import { editionHeader, identityOf } from "./answer-vote.ts";
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

/** Headers of an event stream, and of the 204 that ends it. */
export const streamHeaders: Readonly<Record<string, string>> = {
  ...dataHeaders,
  ...anySite,
  // A proxy that compresses would hold results back.
  "Cache-Control": "no-store, no-transform",
  // A proxy that buffers answers would hold results back.
  "X-Accel-Buffering": "no",
};

const intervalSeconds = 5;
const intervalSecondsBusy = 30;

/** How often a client without a stream may ask: less often while many viewers are connected. */
export function pollingHeader(front: Front): Readonly<Record<string, string>> {
  const busy = front.live.viewers >= front.config.viewersMax / 2;
  return { [intervalHeader]: String(busy ? intervalSecondsBusy : intervalSeconds) };
}

/**
 * The requester of a request for results. Mark and credentials are checked only where they make a difference to
 * what may be seen, which is rare. **Cost:** a memcached read where results are for voters; where results are hidden
 * and the request has an editor's credentials, the check of those.
 */
export async function requesterOf(front: Front, poll: Poll, request: Request): Promise<Requester> {
  const nowMs = front.clock.nowMs();
  if (maySeeResults(poll, "reader", nowMs)) return "reader";
  if (dependsOnVoter(poll, nowMs) && hasVoted(await markOf(front, poll, request))) return "voter";
  if (!maySeeResults(poll, "editor", nowMs) || !hasCredentials(request)) return "reader";
  return requireEditor(request, front).then(
    () => "editor",
    () => "reader",
  );
}

/** The mark of this request's voter in a poll, as far as memcached has it. */
export async function markOf(
  front: Front,
  poll: Poll,
  request: Request,
): Promise<Mark | undefined> {
  const identity = identityOf(front, request);
  const secrets = front.secrets.of(poll);
  if (!identity || !secrets) return undefined;
  return readMark(front.placement, poll.key, voterKey(secrets, poll.id, identity));
}

/** Withdrawing a ballot makes the reader a non-voter again. */
export function hasVoted(mark: Mark | undefined): mark is Mark {
  return mark !== undefined && mark.choices.length > 0;
}

function hasCredentials(request: RequestHead): boolean {
  const cookies = request.headers.get("cookie") ?? "";
  return request.headers.has("authorization") || cookies.includes(sessionCookie);
}

/** True when the answer may be cached: every reader would get it at this moment. */
export function sameForAll(front: Front, poll: Poll, requester: Requester): boolean {
  return requester === "reader" && !dependsOnVoter(poll, front.clock.nowMs());
}

/** True when the requester is surely `reader`, without any I/O: the answer is then the one that all readers get. */
export function isAnyReader(front: Front, poll: Poll, request: RequestHead): boolean {
  const nowMs = front.clock.nowMs();
  if (dependsOnVoter(poll, nowMs)) return false;
  return maySeeResults(poll, "reader", nowMs) || !hasCredentials(request);
}

const shared = "public, max-age=1, s-maxage=1, stale-while-revalidate=5";

/** The answer to `GET …/results`; the one for all readers is encoded once for each snapshot. */
export function resultsAnswer(front: Front, snapshot: Snapshot, forAll: boolean): PreparedResponse {
  const polling = pollingHeader(front);
  const known = forAll ? front.sharedResults.get(snapshot) : undefined;
  if (known && known.headers[intervalHeader] === polling[intervalHeader]) return known;
  const headers = jsonHeadersWith({
    ...anySite,
    ...polling,
    "Cache-Control": forAll ? shared : "private, no-store",
    ETag: snapshot.etag,
  });
  const answer = prepareResponse(200, headers, snapshot.json);
  if (forAll) front.sharedResults.set(snapshot, answer);
  return answer;
}

/** The answer to `GET …/results` without parameters, if it needs no I/O. */
export function preparedResults(
  front: Front,
  slug: string,
  request: RequestHead,
): PreparedResponse | undefined {
  const poll = preparedPoll(front, slug);
  if (!poll || request.url.includes("?") || !isAnyReader(front, poll, request)) return undefined;
  const snapshot = front.results.fresh(poll, "reader");
  if (!snapshot) return undefined;
  return answerFor(resultsAnswer(front, snapshot, true), request.headers);
}

/** The poll, if this process remembers it and it is no draft. No I/O. */
export function preparedPoll(front: Front, slug: string): Poll | undefined {
  const poll = isSlug(slug) ? front.published.remembered(slug) : undefined;
  return poll && pollState(poll, front.clock.nowMs()) !== "draft" ? poll : undefined;
}

/**
 * The poll of a request for its results.
 *
 * @throws FloodgateError `poll_not_found`, also for a draft.
 */
export async function pollWithResults(front: Front, slug: string): Promise<Poll> {
  const poll = isSlug(slug) ? await front.published.find(slug) : null;
  if (!poll || pollState(poll, front.clock.nowMs()) === "draft")
    throw new FloodgateError("poll_not_found");
  return poll;
}

/** True when the card of a page that asks shows another poll, or other options, than these results are about. */
export function isOfAnotherEdition({ headers }: RequestHead, { results }: Snapshot): boolean {
  const shown = headers.get(editionHeader);
  return shown !== null && !isSameEdition(results.edition, shown);
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
