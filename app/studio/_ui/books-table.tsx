/** The books of a poll, in the ledger: both sides, with *lost* always in sight. */
import clsx from "clsx";
import type { Books } from "#lib/books/books.ts";

const numbers = new Intl.NumberFormat("en");

export function BooksTable({ books }: { books: Books }) {
  const rows = [
    ["Counted", books.counted, "in the result"],
    ["Replaced", books.replaced, "changed or withdrawn by their voters"],
    ["Withdrawn", books.withdrawn, "withdrawals that stand: they count as no ballot"],
    ["Waiting", books.waiting, "on their way into the result"],
    ["Duplicate", books.duplicate, "further ballots of voters who had one; the first one stands"],
    ["Set aside", books.setAside, "could not be counted, and are kept with the reason"],
    ["Lost", books.lost, "accepted, and found nowhere"],
  ] as const;
  return (
    <section className="rounded border border-hair bg-card">
      <div className="flex flex-wrap items-baseline justify-between gap-2 border-b border-hair px-4 py-3">
        <h2 className="font-serif text-lg font-semibold">The books</h2>
        <p className="text-sm text-soft">
          {books.balanced ? "Both sides agree." : "The two sides do not agree: tell your operator."}
        </p>
      </div>
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
          {rows.map(([name, count, meaning]) => (
            <tr key={name} className="border-b border-hair last:border-b-0">
              <th scope="row" className="px-4 py-2.5 font-normal">
                {name}
              </th>
              <td className="px-4 py-2.5 text-sm text-soft">{meaning}</td>
              <td
                className={clsx(
                  "px-4 py-2.5 text-right tabular-nums",
                  name === "Lost" && count > 0 && "font-semibold text-bad",
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
