/** The books of a poll, and of all polls, in the ledger: both sides, with *lost* always in sight. */
import clsx from "clsx";
import type { Books } from "#lib/books/books.ts";

const numbers = new Intl.NumberFormat("en");

/** What became of what was accepted: name, ballots, what it means. */
const fatesOf = (books: Books) =>
  [
    ["Counted", books.counted, "in the result"],
    ["Replaced", books.replaced, "changed or withdrawn by their voters"],
    ["Withdrawn", books.withdrawn, "withdrawals that stand: they count as no ballot"],
    ["Waiting", books.waiting, "on their way into the result"],
    ["Duplicate", books.duplicate, "further ballots of voters who had one; the first one stands"],
    ["Set aside", books.setAside, "could not be counted, and are kept with the reason"],
    ["Lost", books.lost, "accepted, and found nowhere"],
  ] as const;

const isAlarming = (name: string, count: number) => name === "Lost" && count > 0;

function Heading({ title, balanced }: { title: string; balanced: boolean }) {
  return (
    <div className="flex flex-wrap items-baseline justify-between gap-2 border-b border-hair px-4 py-3">
      <h2 className="font-serif text-lg font-semibold">{title}</h2>
      <p className="text-sm text-soft">
        {balanced ? "Both sides agree." : "The two sides do not agree: tell your operator."}
      </p>
    </div>
  );
}

/** The books of all polls together, small. */
export function AllBooks({ books }: { books: Books }) {
  const accounts = [["Accepted", books.accepted], ...fatesOf(books)] as const;
  return (
    <section aria-label="The books of all polls" className="rounded border border-hair bg-card">
      <Heading title="The books of all polls" balanced={books.balanced} />
      <dl className="grid grid-cols-2 gap-x-6 gap-y-3 px-4 py-3 sm:grid-cols-4 lg:grid-cols-8">
        {accounts.map(([name, count]) => (
          <div key={name}>
            <dt className="text-sm text-soft">{name}</dt>
            <dd
              className={clsx("tabular-nums", isAlarming(name, count) && "font-semibold text-bad")}
            >
              {numbers.format(count)}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export function BooksTable({ books }: { books: Books }) {
  return (
    <section aria-label="The books" className="rounded border border-hair bg-card">
      <Heading title="The books" balanced={books.balanced} />
      <table className="w-full text-left">
        <caption className="sr-only">What was accepted against what became of it</caption>
        <tbody>
          <tr className="border-b border-hair">
            <th scope="row" className="px-4 py-2.5 font-semibold">
              Accepted
            </th>
            <td className="px-4 py-2.5 text-sm text-soft">ballots that readers were thanked for</td>
            <td className="px-4 py-2.5 text-right font-semibold tabular-nums">
              {numbers.format(books.accepted)}
            </td>
          </tr>
          {fatesOf(books).map(([name, count, meaning]) => (
            <tr key={name} className="border-b border-hair last:border-b-0">
              <th scope="row" className="px-4 py-2.5 font-normal">
                {name}
              </th>
              <td className="px-4 py-2.5 text-sm text-soft">{meaning}</td>
              <td
                className={clsx(
                  "px-4 py-2.5 text-right tabular-nums",
                  isAlarming(name, count) && "font-semibold text-bad",
                )}
              >
                {numbers.format(count)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
