/** The books of one poll, and of all polls: accepted votes and their fates. *Lost* is always shown, even at 0. */
import clsx from "clsx";
import type { Books } from "#lib/books/books.ts";

const numbers = new Intl.NumberFormat("en");

/** Fates of the accepted ballots: name, count, meaning. */
const fatesOf = (books: Books) =>
  [
    ["Counted", books.counted, "included in the result"],
    ["Replaced", books.replaced, "changed or withdrawn by the reader"],
    ["Withdrawn", books.withdrawn, "withdrawn by the reader, and not counted"],
    ["Waiting", books.waiting, "received, and still being counted"],
    [
      "Duplicate",
      books.duplicate,
      "further votes from readers who had already voted; the first vote counts",
    ],
    ["Set aside", books.setAside, "could not be counted; stored with the reason"],
    ["Lost", books.lost, "accepted, but missing"],
  ] as const;

const isAlarming = (name: string, count: number) => name === "Lost" && count > 0;

function Heading({ title, balanced }: { title: string; balanced: boolean }) {
  return (
    <div className="flex flex-wrap items-baseline justify-between gap-2 border-b border-hair px-4 py-3">
      <h2 className="font-serif text-lg font-semibold">{title}</h2>
      <p className="text-sm text-soft">
        {balanced
          ? "Every vote is accounted for."
          : "The numbers do not add up. Tell your technical team."}
      </p>
    </div>
  );
}

/** The books of all polls together, in one row. */
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
        <caption className="sr-only">Accepted votes, and what became of them</caption>
        <tbody>
          <tr className="border-b border-hair">
            <th scope="row" className="px-4 py-2.5 font-semibold">
              Accepted
            </th>
            <td className="px-4 py-2.5 text-sm text-soft">votes confirmed to readers</td>
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
