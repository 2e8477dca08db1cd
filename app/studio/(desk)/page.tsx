import type { Metadata } from "next";
import Link from "next/link";
import { type DeskPoll, deskPolls, deskQueryOf } from "../_data/desk.ts";
import { requireSignIn } from "../_data/signed-in-editor.ts";
import { AllBooks } from "../_ui/books-table.tsx";
import { buttonClass } from "../_ui/button.tsx";
import { DeskFilter, DeskPager, NoPolls } from "../_ui/desk-filter.tsx";
import { StateLabel } from "../_ui/state-label.tsx";

export const metadata: Metadata = { title: "Polls" };

const numbers = new Intl.NumberFormat("en");

interface Props {
  readonly searchParams: Promise<Readonly<Record<string, string | string[] | undefined>>>;
}

export default async function PollsPage({ searchParams }: Props) {
  await requireSignIn();
  const query = deskQueryOf(await searchParams);
  const page = await deskPolls(query);
  const isEmpty = page.counts.all === 0 && query.search === "";
  return (
    <div className="flex flex-col gap-6">
      <section className="rounded border border-hair bg-card">
        <div className="flex items-center justify-between gap-4 border-b border-hair px-4 py-3">
          <h1 className="font-serif text-xl font-semibold">Polls</h1>
          <Link href="/studio/new" className={buttonClass()}>
            New poll
          </Link>
        </div>
        {isEmpty ? (
          <p className="px-4 py-10 text-soft">
            There are no polls yet. Creating one takes about a minute: write a question and a few
            options, and choose a closing time.
          </p>
        ) : (
          <>
            <DeskFilter query={query} counts={page.counts} />
            {page.polls.length > 0 ? <PollTable polls={page.polls} /> : <NoPolls query={query} />}
            <DeskPager query={query} page={page} />
          </>
        )}
      </section>
      <AllBooks books={page.books} />
    </div>
  );
}

/** A table on wide screens, a list of cards on narrow ones. */
function PollTable({ polls }: { polls: readonly DeskPoll[] }) {
  return (
    <table className="block w-full text-left md:table">
      <thead className="hidden md:table-header-group">
        <tr className="border-b border-hair text-xs text-soft">
          <th className="px-4 py-2.5 font-semibold">Question</th>
          <th className="px-4 py-2.5 font-semibold">Status</th>
          <th className="px-4 py-2.5 text-right font-semibold">Options</th>
          <th className="px-4 py-2.5 text-right font-semibold">Voters</th>
        </tr>
      </thead>
      <tbody className="block md:table-row-group">
        {polls.map(({ poll, state, stateInWords, ballots }) => (
          <tr
            key={poll.slug}
            className="block border-b border-hair px-4 py-3 last:border-0 md:table-row md:p-0"
          >
            <td className="block wrap-anywhere md:table-cell md:px-4 md:py-3">
              <Link
                href={`/studio/polls/${poll.slug}`}
                className="flex min-h-11 items-center font-serif text-base font-semibold hover:underline md:min-h-0"
              >
                {poll.question}
              </Link>
              <div className="text-sm text-soft">{poll.slug}</div>
            </td>
            <td className="mt-2 block md:mt-0 md:table-cell md:px-4 md:py-3">
              <StateLabel state={state}>{stateInWords}</StateLabel>
            </td>
            <td className="hidden text-right tabular-nums md:table-cell md:px-4 md:py-3">
              {poll.options.length}
            </td>
            <td className="mt-2 block tabular-nums md:mt-0 md:table-cell md:px-4 md:py-3 md:text-right">
              <span className="text-sm text-soft md:hidden">Voters: </span>
              {ballots === null ? "–" : numbers.format(ballots)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
