/** Finding polls on the desk: search, states with their counts, pages. Links and a form, all in the address. */
import Link from "next/link";
import type { DeskPage, DeskQuery } from "../_data/desk.ts";
import { buttonClass } from "./button.tsx";

const numbers = new Intl.NumberFormat("en");

const states = {
  all: "All",
  draft: "Drafts",
  scheduled: "Scheduled",
  open: "Open",
  closing: "Closing",
  final: "Final",
} as const;

/** The address of the desk with other values; those that are left out begin at the first page. */
function addressOf(
  { state, search }: Pick<DeskQuery, "state" | "search">,
  page: Partial<Record<"before" | "after", number>> = {},
): string {
  const parameters = new URLSearchParams();
  if (search) parameters.set("q", search);
  if (state) parameters.set("state", state);
  for (const [name, id] of Object.entries(page)) parameters.set(name, String(id));
  const text = parameters.toString();
  return text ? `/studio?${text}` : "/studio";
}

export function DeskFilter({ query, counts }: { query: DeskQuery; counts: DeskPage["counts"] }) {
  const { search, state } = query;
  const shown: string = state ?? "all";
  return (
    <div className="flex flex-col gap-3 border-b border-hair px-4 py-3">
      <search>
        <form action="/studio" className="flex gap-2">
          <input
            type="search"
            name="q"
            aria-label="Search polls by question or address"
            placeholder="Search by question or address"
            defaultValue={search}
            maxLength={100}
            className="min-h-11 w-full min-w-0 grow rounded border border-hair bg-paper px-3 text-base"
          />
          {state && <input type="hidden" name="state" value={state} />}
          <button type="submit" className={buttonClass("quiet")}>
            Search
          </button>
        </form>
      </search>
      <nav aria-label="Polls by state" className="flex flex-wrap gap-x-5 gap-y-1 text-sm">
        {Object.entries(states).map(([name, label]) => (
          <Link
            key={name}
            href={addressOf({
              search,
              state: name === "all" ? undefined : (name as Exclude<DeskQuery["state"], undefined>),
            })}
            aria-current={shown === name ? "page" : undefined}
            className="flex min-h-11 items-center gap-1.5 hover:underline aria-[current]:font-semibold aria-[current]:underline aria-[current]:underline-offset-8 md:min-h-8"
          >
            {label}
            <span className="text-soft tabular-nums">
              {numbers.format(counts[name as keyof typeof counts])}
            </span>
          </Link>
        ))}
      </nav>
    </div>
  );
}

const nouns = {
  all: "polls",
  draft: "drafts",
  scheduled: "scheduled polls",
  open: "open polls",
  closing: "closing polls",
  final: "final polls",
  closed: "closed polls",
} as const;

/** No poll is in the state, or none is found by the search. */
export function NoPolls({ query: { search, state } }: { query: DeskQuery }) {
  const noun = nouns[state ?? "all"];
  return (
    <p className="px-4 py-10 text-soft">
      {search ? `No ${noun} match “${search}”. ` : `There are no ${noun} here. `}
      <Link href="/studio" className="underline underline-offset-4">
        Show all polls
      </Link>
    </p>
  );
}

/** Links to the pages beside this one. */
export function DeskPager({ query, page }: { query: DeskQuery; page: DeskPage }) {
  const { polls, hasNewer, hasOlder, counts } = page;
  const [first, last] = [polls.at(0), polls.at(-1)];
  const { closing, final } = counts;
  const total = query.state === "closed" ? closing + final : counts[query.state ?? "all"];
  if (!first || !last) return null;
  return (
    <nav
      aria-label="Pages"
      className="flex min-h-12 flex-wrap items-center gap-x-5 border-t border-hair px-4 text-sm"
    >
      <span className="grow text-soft tabular-nums">
        {polls.length < total
          ? `${numbers.format(polls.length)} of ${numbers.format(total)} polls`
          : `${numbers.format(total)} ${total === 1 ? "poll" : "polls"}`}
      </span>
      {hasNewer && (
        <>
          <PageLink to={addressOf(query)}>Newest</PageLink>
          <PageLink to={addressOf(query, { after: first.poll.id })}>Newer polls</PageLink>
        </>
      )}
      {hasOlder && <PageLink to={addressOf(query, { before: last.poll.id })}>Older polls</PageLink>}
    </nav>
  );
}

function PageLink({ to, children }: { to: string; children: React.ReactNode }) {
  return (
    <Link href={to} className="flex min-h-11 items-center underline underline-offset-4">
      {children}
    </Link>
  );
}
