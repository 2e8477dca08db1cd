/**
 * `GET /p/{poll}/og.png`: the picture that other sites show with a link to a poll (Open Graph).
 *
 * Not a hot route: the Next process draws it, never a process that takes votes. The picture is the same for every
 * requester.
 */
import { FloodgateError } from "#lib/base/errors.ts";
import { pictureHeaders } from "#lib/http/headers.ts";
import type { Slug } from "#lib/model/ids.ts";
import { pollState } from "#lib/model/poll-state.ts";
import type { Front } from "#lib/web/front.ts";
import { resultsForPage } from "./answer-poll-page.ts";
import { pageContextOf } from "./page-context.ts";
import { drawPoll } from "./picture/poll-picture.ts";

/**
 * @throws FloodgateError `poll_not_found`, also for a draft; `overloaded` when too many pictures are queued.
 */
export async function sharePicture(front: Front, slug: Slug, request: Request): Promise<Response> {
  const poll = await front.published.find(slug);
  const nowMs = front.clock.nowMs();
  const state = poll ? pollState(poll, nowMs) : "draft";
  if (!poll || state === "draft") throw new FloodgateError("poll_not_found");
  const { words, siteName } = pageContextOf(front.config, request, poll);
  const results = state === "scheduled" ? null : await resultsForPage(front, poll, "reader");
  // A change of the name redraws at once: an edit, a closing, hidden results. Votes redraw after some seconds.
  const name = [poll.key, poll.version, words.locale, state, results?.hidden].join(" ");
  const contents = String(results?.version);
  const { bytes, etag } = await front.pictures.get(name, contents, () =>
    drawPoll({ words, siteName, poll, state, results }),
  );
  const headers = { ...pictureHeaders, ETag: etag };
  const known = request.headers.get("if-none-match") === etag;
  return new Response(known ? null : bytes, { status: known ? 304 : 200, headers });
}
