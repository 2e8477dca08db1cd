/**
 * `GET /oembed?url=…`: the embed code that a publishing system fetches when an editor pastes a poll's address.
 *
 * Source: oembed.com, version 1.0, "rich" type.
 */
import { FloodgateError } from "#lib/base/errors.ts";
import { parse } from "#lib/http/problem.ts";
import { json } from "#lib/http/respond.ts";
import type { Poll } from "#lib/model/poll.ts";
import { pollState } from "#lib/model/poll-state.ts";
import { isSlug } from "#lib/polls/schema.ts";
import { oembedQuerySchema } from "#lib/web/contract.ts";
import { type Front, getFront } from "#lib/web/front.ts";
import { slugMeant } from "#lib/web/moved.ts";
import { routeHandler } from "#lib/web/route-handler.ts";
import { oembedOf } from "#reader/embed-code.ts";
import { otherMethods } from "#reader/refused-request.ts";

const path = /^\/(?:p|embed)\/([^/]+)(?:\/results)?\/?$/i;

export const GET = routeHandler(async request => {
  const { config } = getFront();
  const query = parse(oembedQuerySchema, Object.fromEntries(new URL(request.url).searchParams));
  if (query.format !== "json") throw new FloodgateError("format_not_offered");
  const url = new URL(query.url);
  const slug = path.exec(url.pathname)?.[1];
  const ours = url.origin === config.publicUrl && slug !== undefined;
  const poll = ours ? await pollAt(getFront(), slug) : null;
  if (!poll || pollState(poll, getFront().clock.nowMs()) === "draft")
    throw new FloodgateError("poll_not_found");
  return json(oembedOf(config, poll, query), {
    headers: { "Cache-Control": "public, max-age=3600", "Access-Control-Allow-Origin": "*" },
  });
});

export const { DELETE, OPTIONS, PATCH, POST, PUT } = otherMethods("GET");

/** The poll at an address, also at one that it had before. */
async function pollAt(front: Front, given: string): Promise<Poll | null> {
  const poll = isSlug(given) ? await front.published.find(given) : null;
  const slug = poll ? undefined : await slugMeant(front, given);
  return slug === undefined ? poll : front.published.find(slug);
}
