/** Answers requests for a poll's vote page and results page. */
import { isFloodgateError } from "#lib/base/errors.ts";
import type { DegradationStep } from "#lib/health/degradation.ts";
import { answerFor, type PreparedResponse } from "#lib/http/prepared-response.ts";
import type { RequestHead } from "#lib/http/request-head.ts";
import { responseOf } from "#lib/http/respond.ts";
import { choiceTexts } from "#lib/model/choices.ts";
import type { Poll } from "#lib/model/poll.ts";
import { pollState } from "#lib/model/poll-state.ts";
import type { Results } from "#lib/model/results.ts";
import type { Requester } from "#lib/model/visibility.ts";
import { isSlug } from "#lib/polls/schema.ts";
import {
  hasVoted,
  isAnyReader,
  markOf,
  preparedPoll,
  requesterOf,
  sameForAll,
} from "#lib/web/answer-results.ts";
import { identityOf } from "#lib/web/answer-vote.ts";
import type { Front } from "#lib/web/front.ts";
import { movedAnswer } from "#lib/web/moved.ts";
import { formAnswerIn, receiptCodeOf } from "./form-answer.ts";
import { fieldsFromChoices } from "./form-choices.ts";
import { type PageContext, pageContextOf } from "./page-context.ts";
import { htmlResponse, type PageOptions, sharedPage } from "./page-response.ts";
import { notFoundPage, pollPage } from "./render-pages.tsx";
import type { CardProps } from "./views/card-props.ts";
import type { Surface } from "./views/paths.ts";
import type { WordKey } from "./words/words.ts";

/** The poll, unless it is a draft; otherwise a redirect to the address that it has now, or the not-found page. */
export async function findPublicPoll(
  front: Front,
  slug: string,
  request: Request,
  surface: Surface = "page",
): Promise<Poll | Response> {
  const poll = isSlug(slug) ? await front.published.find(slug) : null;
  if (poll && pollState(poll, front.clock.nowMs()) !== "draft") return poll;
  const moved = await movedAnswer(front, request, slug);
  if (moved) return responseOf(moved);
  const context = pageContextOf(front.config, request);
  const page = await front.sharedPages.get(`nothing ${surface} ${context.words.locale}`, "", () =>
    sharedPage(notFoundPage(context, surface), { status: 404, ...framingOptions(front, surface) }),
  );
  return responseOf(page);
}

/** The sites that may frame the page. */
export function framingOptions(
  front: Front,
  surface: Surface,
): { readonly embedSites?: readonly string[] } {
  return surface === "embed" ? { embedSites: front.config.embedSites } : {};
}

const notices: Partial<Record<DegradationStep, WordKey>> = {
  direct: "stepDirect",
  shedding: "stepShedding",
  refusing: "stepRefusing",
};

/** The sentence for the current degradation step; most steps need none. */
export function noticeOf(front: Front): WordKey | undefined {
  return notices[front.degradation.step];
}

/**
 * Options preselected by the address (`?choice=2`), as links in newsletters do. Following such a link sends nothing.
 */
function preselectedIn({ url }: RequestHead, poll: Poll): readonly string[] {
  if (!url.includes("choice=")) return [];
  const requested = new Set(queryOf(url).getAll("choice"));
  const known = poll.options.map(({ number }) => String(number)).filter(id => requested.has(id));
  return known.slice(0, poll.choicesMax);
}

/** The query, without parsing the address as a `URL`: a client may send an invalid host, which does not matter here. */
function queryOf(url: string): URLSearchParams {
  const start = url.indexOf("?");
  return new URLSearchParams(start === -1 ? "" : url.slice(start));
}

/** `?change` shows a voter the form again. Following the link changes nothing. */
function asksToChange({ url }: Request, poll: Poll): boolean {
  return poll.mayChange && url.includes("change") && queryOf(url).has("change");
}

/** `?replaced`: the script leads here from a card of another edition, which no vote counts for any more. */
const comesFromAnother = ({ url }: RequestHead): boolean =>
  url.includes("replaced") && queryOf(url).has("replaced");

const replacedMessage = ({ words }: PageContext) =>
  ({ tone: "warn", text: words.say("replaced") }) as const;

const withdrawnMessage = ({ words }: PageContext) =>
  ({ tone: "good", text: words.say("withdrawn") }) as const;

/** Results for a page; `null` when they can't be read right now. */
export function resultsForPage(
  front: Front,
  poll: Poll,
  requester: Requester,
): Promise<Results | null> {
  return front.results.read(poll, requester).catch(error => {
    if (isFloodgateError(error)) return null;
    throw error;
  });
}

/** One of a poll's two pages, on the site or in an article. */
export interface PollPage {
  readonly wanted: "vote" | "results";
  readonly surface: Surface;
}

/**
 * `GET /p/{poll}` and `GET /p/{poll}/results`, and the same below `/embed`. A reader who has not voted, and sees
 * what every reader sees, gets the shared page, rendered once a second. A voter, or a requester who may see more,
 * gets a personal page.
 */
export async function answerPollPage(
  front: Front,
  slug: string,
  request: Request,
  wanted: "vote" | "results",
  surface: Surface = "page",
): Promise<Response> {
  const poll = await findPublicPoll(front, slug, request, surface);
  if (poll instanceof Response) return poll;
  const mark = await markOf(front, poll, request);
  const mine = hasVoted(mark) ? choiceTexts(poll, mark.choices) : undefined;
  const requester = mine ? "voter" : await requesterOf(front, poll, request);
  const context = pageContextOf(front.config, request, poll);
  const page: PollPage = { wanted, surface };
  const replaced = comesFromAnother(request);
  const message = formAnswerIn(front, poll, request, mark, context.words);
  if (mark || replaced || !sameForAll(front, poll, requester)) {
    const changing = mine !== undefined && asksToChange(request, poll);
    const isWithdrawn = mark && !mine && pollState(poll, front.clock.nowMs()) === "open";
    const html = await renderPoll(front, poll, context, page, requester, {
      chosen: changing ? fieldsFromChoices(poll, mine) : preselectedIn(request, poll),
      changing,
      ...(mine && { mine }),
      ...(mark && { receipt: receiptCodeOf(front, poll, request, mark) }),
      ...(mark && poll.mayChange && { revision: mark.revision }),
      ...(isWithdrawn && { message: withdrawnMessage(context) }),
      ...(replaced && !mark && { message: replacedMessage(context) }),
      ...(message && { message }),
    });
    return htmlResponse(html, { personal: true, ...pageOptionsOf(front, poll, context, surface) });
  }
  const shared = await sharedPollPage(front, poll, context, page, preselectedIn(request, poll));
  return responseOf(answerFor(shared, request.headers));
}

/** The shared page, for readers who have not voted. */
function sharedPollPage(
  front: Front,
  poll: Poll,
  context: PageContext,
  page: PollPage,
  chosen: readonly string[],
): Promise<PreparedResponse> {
  return front.sharedPages.get(
    cacheKeyOf(poll, context, page, chosen),
    cacheVersionOf(front, poll),
    async () => {
      const html = await renderPoll(front, poll, context, page, "reader", { chosen });
      return sharedPage(html, pageOptionsOf(front, poll, context, page.surface));
    },
  );
}

/** The shared page, if it is cached and fresh: reads and renders nothing. */
export function preparedPollPage(
  front: Front,
  slug: string,
  request: RequestHead,
  page: PollPage,
): PreparedResponse | undefined {
  const poll = preparedPoll(front, slug);
  if (!poll || !isAnyReader(front, poll, request) || identityOf(front, request)) return undefined;
  if (comesFromAnother(request)) return undefined;
  const context = pageContextOf(front.config, request, poll);
  const name = cacheKeyOf(poll, context, page, preselectedIn(request, poll));
  const cached = front.sharedPages.fresh(name, cacheVersionOf(front, poll));
  return cached && answerFor(cached, request.headers);
}

function cacheKeyOf(
  { key }: Poll,
  { words, variesByLanguage }: PageContext,
  { wanted, surface }: PollPage,
  chosen: readonly string[],
): string {
  return `${wanted} ${surface} ${words.locale} ${variesByLanguage} ${key} ${chosen.join(" ")}`;
}

/** The cached page is valid as long as this does not change. */
function cacheVersionOf(front: Front, poll: Poll): string {
  return `${poll.version} ${pollState(poll, front.clock.nowMs())} ${noticeOf(front)}`;
}

const pageOptionsOf = (
  front: Front,
  poll: Poll,
  { variesByLanguage }: PageContext,
  surface: Surface,
): PageOptions => ({
  variesByLanguage,
  options: poll.options,
  noindex: !poll.listed,
  ...framingOptions(front, surface),
});

async function renderPoll(
  front: Front,
  poll: Poll,
  context: PageContext,
  { wanted, surface }: PollPage,
  requester: Requester,
  personal: Pick<CardProps, "chosen" | "mine" | "receipt" | "revision" | "changing" | "message">,
): Promise<string> {
  const state = pollState(poll, front.clock.nowMs());
  const results = state === "scheduled" ? null : await resultsForPage(front, poll, requester);
  const { mine, changing } = personal;
  const voting = state === "open" && (!mine || changing);
  const show = state === "scheduled" || voting ? wanted : "results";
  return pollPage(context, {
    poll,
    surface,
    nowMs: front.clock.nowMs(),
    state,
    results,
    show: state === "scheduled" ? "vote" : show,
    notice: noticeOf(front),
    ...personal,
    ...(mine && { thanks: wanted === "vote" && state === "open" }),
  });
}
