/**
 * Answers `GET /`: the list of polls in pages, and searches. The pages are cut from the list that every front has in its
 * memory. Searches, and polls that closed long ago, are read from MySQL; while it can't be asked, the list in memory is
 * searched.
 */
import { isFloodgateError } from "#lib/base/errors.ts";
import { answerFor, type PreparedResponse } from "#lib/http/prepared-response.ts";
import { responseOf } from "#lib/http/respond.ts";
import type { PollId } from "#lib/model/ids.ts";
import { type PollState, pollState } from "#lib/model/poll-state.ts";
import { searchText, searchWords } from "#lib/model/search-words.ts";
import { type ListedPoll, listedMax } from "#lib/polls/published-list.ts";
import { isStoreFailure } from "#lib/store/failure.ts";
import type { Front } from "#lib/web/front.ts";
import { type ListPageProps, type ListPart, listPage } from "./list-page.tsx";
import { type PageContext, pageContextOf } from "./page-context.ts";
import { htmlResponse, sharedPage } from "./page-response.ts";
import { type ListQuery, listPath } from "./views/paths.ts";
import type { WordKey } from "./words/words.ts";

const pollsPerPage = 50;

const groups: readonly (readonly [
  NonNullable<ListQuery["state"]>,
  WordKey,
  readonly PollState[],
])[] = [
  ["open", "openPolls", ["open"]],
  ["scheduled", "scheduledPolls", ["scheduled"]],
  ["closed", "closedPolls", ["closing", "final"]],
];

const headings = { open: "openPolls", scheduled: "scheduledPolls", closed: "olderPolls" } as const;

export async function answerList(front: Front, request: Request): Promise<Response> {
  const site = pageContextOf(front.config, request);
  const query = queryOf(request.url);
  try {
    const page = await sharedListPage(front, site, query);
    return responseOf(answerFor(page, request.headers));
  } catch (error) {
    const isRefused = isFloodgateError(error, "overloaded") || isStoreFailure(error);
    if (!isRefused || !isSearch(query)) throw error;
    const html = listPage(site, await foundInMemory(front, query));
    return htmlResponse(html, { personal: true, variesByLanguage: site.variesByLanguage });
  }
}

const isSearch = ({ q, state }: ListQuery) => q !== undefined || state !== undefined;

/** What the address asks for; what it does not understand is left out. */
function queryOf(url: string): ListQuery {
  const start = url.indexOf("?");
  const parameters = new URLSearchParams(start === -1 ? "" : url.slice(start));
  const number = (name: string) => {
    const text = parameters.get(name) ?? "";
    return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
  };
  const q = searchText(parameters.get("q") ?? "");
  const state = groups.find(([name]) => name === parameters.get("state"))?.[0];
  if (q || state) {
    const before = number("before");
    return { ...(q && { q }), ...(state && { state }), ...(before && { before }) };
  }
  return { page: number("page") ?? 1 };
}

function sharedListPage(
  front: Front,
  site: PageContext,
  query: ListQuery,
): Promise<PreparedResponse> {
  const { words, urlLanguage, variesByLanguage } = site;
  const name = `list ${words.locale} ${variesByLanguage} ${listPath(query, urlLanguage)}`;
  return front.sharedPages.get(name, "", async () => {
    const props = isSearch(query) ? await found(front, query) : await inPages(front, query);
    return sharedPage(listPage(site, props), { variesByLanguage, noindex: query.q !== undefined });
  });
}

/** One page of the list in memory. */
async function inPages(front: Front, { page = 1 }: ListQuery): Promise<ListPageProps> {
  const nowMs = front.clock.nowMs();
  const listed = await front.published.listed(nowMs);
  const parts = partsOf(listed, nowMs);
  const polls = parts.flatMap(part => part.polls);
  const pages = Math.max(1, Math.ceil(polls.length / pollsPerPage));
  const shown = Math.min(page, pages);
  const onPage = new Set(polls.slice((shown - 1) * pollsPerPage, shown * pollsPerPage));
  const isLast = shown === pages;
  return {
    query: { page: shown },
    parts: parts
      .map(part => ({ ...part, polls: part.polls.filter(poll => onPage.has(poll)) }))
      .filter(part => part.polls.length > 0),
    previous: shown > 1 ? { page: shown - 1 } : undefined,
    next: isLast ? undefined : { page: shown + 1 },
    place: pages > 1 ? { page: shown, pages } : undefined,
    more: isLast && polls.length > 0 ? moreOf(listed) : [],
    notice: shown > 1 || parts[0]?.heading === "openPolls" ? undefined : "noPolls",
    nowMs,
  };
}

function partsOf(polls: readonly ListedPoll[], nowMs: number): ListPart[] {
  return groups
    .map(([, heading, states]) => ({
      heading,
      polls: polls.filter(poll => states.includes(pollState(poll, nowMs))),
    }))
    .filter(part => part.polls.length > 0);
}

/** Closed polls have a list of their own; so have the others, where the list in memory is cut off. */
function moreOf(listed: readonly ListedPoll[]): ListPageProps["more"] {
  const isCut = listed.length >= listedMax;
  return groups
    .filter(([state]) => isCut || state === "closed")
    .map(([state]) => [headings[state], { state }]);
}

/** A page of what MySQL finds. */
async function found(front: Front, query: ListQuery): Promise<ListPageProps> {
  const { q = "", state, before } = query;
  const search = { text: q, state, before: before as PollId | undefined };
  const { polls, hasOlder } = await front.pollSearch.find(search);
  const last = polls.at(-1);
  const next = hasOlder && last ? { ...query, before: last.id } : undefined;
  return searchProps(query, polls, front.clock.nowMs(), next);
}

/** What the list in memory has of it. */
async function foundInMemory(front: Front, query: ListQuery): Promise<ListPageProps> {
  const nowMs = front.clock.nowMs();
  const words = searchWords(query.q ?? "");
  const states = groups.find(([state]) => state === query.state)?.[2];
  const polls = (await front.published.listed(nowMs)).filter(
    poll =>
      words.every(word => `${poll.question} ${poll.slug}`.toLowerCase().includes(word)) &&
      (states?.includes(pollState(poll, nowMs)) ?? true),
  );
  const props = searchProps(query, polls.slice(0, pollsPerPage), nowMs, undefined);
  return { ...props, notice: "searchAway" };
}

function searchProps(
  query: ListQuery,
  polls: readonly ListedPoll[],
  nowMs: number,
  next: ListQuery | undefined,
): ListPageProps {
  const heading = query.q ? "searchFor" : headings[query.state ?? "closed"];
  const none = query.q ? "searchNone" : query.state === "open" ? "noPolls" : undefined;
  return {
    query,
    parts: polls.length > 0 ? [{ heading, polls }] : [],
    next,
    more: [["allPolls", {}]],
    notice: polls.length > 0 ? undefined : none,
    nowMs,
  };
}
