/** @jsxImportSource hono/jsx */
/** The list of polls as a document: by state in pages, and what a search finds. A pure function of what it shows. */
import { pollState } from "#lib/model/poll-state.ts";
import type { ListedPoll } from "#lib/polls/published-list.ts";
import type { PageContext } from "./page-context.ts";
import { renderDocument } from "./views/document.tsx";
import { type ListQuery, listPath, pollPath } from "./views/paths.ts";
import type { WordKey, Words } from "./words/words.ts";

/** One part of a page: the polls of a state, under a heading. */
export interface ListPart {
  readonly heading: WordKey;
  readonly polls: readonly ListedPoll[];
}

export interface ListPageProps {
  readonly query: ListQuery;
  readonly parts: readonly ListPart[];
  /** The pages beside this one, and the place of this one among all. */
  readonly previous?: ListQuery | undefined;
  readonly next?: ListQuery | undefined;
  readonly place?: { readonly page: number; readonly pages: number } | undefined;
  /** More polls that have a list of their own. */
  readonly more: readonly (readonly [WordKey, ListQuery])[];
  /** A sentence below the search. */
  readonly notice?: WordKey | undefined;
  readonly nowMs: number;
}

export function listPage(context: PageContext, props: ListPageProps): string {
  const { words, siteName, publicUrl } = context;
  const { query, parts, notice, nowMs } = props;
  const title = words.say("pollsTitle");
  const found = query.q ? words.say("searchFor", { query: query.q }) : undefined;
  return renderDocument({
    words,
    siteName,
    title: `${found ?? title} – ${siteName}`,
    canonical: publicUrl + listPath(query),
    noindex: found !== undefined,
    children: (
      <>
        <h1 class="headline">{title}</h1>
        <SearchForm context={context} query={query} />
        {notice && (
          <p class="lede" role="status">
            {words.say(notice, { query: query.q ?? "" })}
          </p>
        )}
        {parts.map(({ heading, polls }) => (
          <section>
            <h2 class="section-title">{words.say(heading, { query: query.q ?? "" })}</h2>
            <PollList context={context} polls={polls} nowMs={nowMs} />
          </section>
        ))}
        <Pages context={context} {...props} />
      </>
    ),
  });
}

function SearchForm({ context, query }: { context: PageContext; query: ListQuery }) {
  const { words, urlLanguage } = context;
  return (
    <search>
      <form class="list-search" action="/" method="get">
        <input
          type="search"
          name="q"
          value={query.q ?? ""}
          maxlength={100}
          aria-label={words.say("searchPolls")}
          placeholder={words.say("searchPolls")}
        />
        {urlLanguage && <input type="hidden" name="lang" value={urlLanguage} />}
        <button type="submit">{words.say("search")}</button>
      </form>
    </search>
  );
}

interface PollListProps {
  readonly context: PageContext;
  readonly polls: readonly ListedPoll[];
  readonly nowMs: number;
}

function PollList({ context, polls, nowMs }: PollListProps) {
  const { words, urlLanguage } = context;
  return (
    <ul class="poll-list">
      {polls.map(poll => (
        <li>
          <a href={pollPath(poll, "page", "vote", urlLanguage)}>
            <span class="poll-list-question">
              <bdi>{poll.question}</bdi>
            </span>
            <span class="poll-list-state">{stateInWords(words, poll, nowMs)}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}

function Pages({ context, previous, next, place, more }: ListPageProps & { context: PageContext }) {
  const { words, urlLanguage } = context;
  const link = (to: ListQuery, text: WordKey, rel?: string) => (
    <a href={listPath(to, urlLanguage)} rel={rel}>
      {words.say(text)}
    </a>
  );
  if (!previous && !next && more.length === 0) return null;
  return (
    <nav class="list-pages" aria-label={words.say("pollsTitle")}>
      {previous && link(previous, "previousPage", "prev")}
      {place && <span>{words.say("pageOf", place)}</span>}
      {next && link(next, "nextPage", "next")}
      {more.map(([text, to]) => link(to, text))}
    </nav>
  );
}

function stateInWords(words: Words, poll: ListedPoll, nowMs: number): string {
  const state = pollState(poll, nowMs);
  if (state === "closing") return words.say("closing");
  if (state === "final") {
    return words.say("closedAt", { when: words.when(poll.closesAtMs ?? nowMs, nowMs) });
  }
  if (state === "scheduled" && poll.opensAtMs !== null) {
    return words.say("opensAt", { when: words.when(poll.opensAtMs, nowMs) });
  }
  if (poll.closesAtMs === null) return words.say("openUntilClosed");
  return words.say("closesAt", { when: words.when(poll.closesAtMs, nowMs) });
}
