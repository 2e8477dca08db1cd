/**
 * Addresses of polls that have another one now: a renamed poll, or a slug in upper case. 308 keeps method and body, so a
 * vote from a page that was loaded before counts.
 */
import { isFloodgateError } from "../base/errors.ts";
import { problemAnswer } from "../http/problem.ts";
import type { RequestHead } from "../http/request-head.ts";
import type { Answer } from "../http/respond.ts";
import type { Slug } from "../model/ids.ts";
import { pollState } from "../model/poll-state.ts";
import { isSlug } from "../polls/schema.ts";
import type { Front } from "./front.ts";

/** A slug may be given to another poll, so no cache keeps the redirect for long. */
const cacheControl = "public, max-age=60";

/** The path of everything that belongs to a poll, with its slug. */
const pollPath = /^(\/(?:p|embed|api\/polls)\/)[^/?#]+/;

/** Whom the address is for: readers are told nothing of drafts. */
type Audience = "readers" | "editors";

/**
 * The slug that an address means now, when it is another one than `given`; `undefined`: it means nothing. Called when no
 * poll has the slug `given`.
 *
 * @throws FloodgateError, StoreFailure as `PublishedPolls.find` does.
 */
export async function slugMeant(
  front: Front,
  given: string,
  audience: Audience = "readers",
): Promise<Slug | undefined> {
  const lower = given.toLowerCase();
  if (!isSlug(lower)) return undefined;
  if (lower !== given && (await isThere(front, lower, audience))) return lower;
  const slug = await front.formerSlugs.follow(lower);
  return slug !== undefined && slug !== given && (await isThere(front, slug, audience))
    ? slug
    : undefined;
}

async function isThere(front: Front, slug: Slug, audience: Audience): Promise<boolean> {
  const poll = await front.published.find(slug);
  if (!poll) return false;
  return audience === "editors" || pollState(poll, front.clock.nowMs()) !== "draft";
}

/**
 * The redirect for a request for the poll `given`, which no poll has as its slug; `undefined`: it leads nowhere. Throws
 * what `slugMeant` throws.
 */
export async function movedAnswer(
  front: Front,
  { url }: Pick<RequestHead, "url">,
  given: string,
  audience: Audience = "readers",
): Promise<Answer | undefined> {
  const path = pathIn(url);
  const slug = pollPath.test(path) ? await slugMeant(front, given, audience) : undefined;
  if (slug === undefined) return undefined;
  const location = path.replace(pollPath, `$1${slug}`);
  return {
    status: 308,
    headers: {
      Location: location,
      "Content-Type": "text/plain; charset=utf-8",
      "Cache-Control": audience === "readers" ? cacheControl : "private, no-store",
      "Access-Control-Allow-Origin": "*",
    },
    body: `This poll is at ${location}\n`,
  };
}

/** The answer to a request that failed with `error`: a redirect if its poll has another address, else the problem. */
export async function errorAnswer(
  front: Front,
  request: Pick<RequestHead, "url">,
  given: string | undefined,
  error: unknown,
): Promise<Answer> {
  const isUnknown = given !== undefined && isFloodgateError(error, "poll_not_found");
  const moved = isUnknown
    ? await movedAnswer(front, request, given).catch(() => undefined)
    : undefined;
  return moved ?? problemAnswer(error, front.log);
}

/** Path and query, without parsing the address as a `URL`: a client may send an invalid host. */
const pathIn = (url: string): string => url.replace(/^[a-z]+:\/\/[^/?#]*/i, "");
