/** @jsxImportSource hono/jsx */
/** The books of all polls on the worker's page: both sides of the equation, lost too when it is 0. */
import type { Books } from "#lib/books/books.ts";

const number = (n: number) => n.toLocaleString("en");

/** In the order of the equation; the first is its left side. */
const accounts: readonly { readonly name: string; readonly of: (books: Books) => number }[] = [
  { name: "Accepted", of: books => books.accepted },
  { name: "Counted", of: books => books.counted },
  { name: "Replaced", of: books => books.replaced },
  { name: "Withdrawn", of: books => books.withdrawn },
  { name: "Waiting", of: books => books.waiting },
  { name: "Duplicate", of: books => books.duplicate },
  { name: "Set aside", of: books => books.setAside },
  { name: "Lost", of: books => books.lost },
];

/** Bad news when it is more than 0. */
const alarming = new Set(["Set aside", "Lost"]);
const signOf = (index: number) => ["", "= "][index] ?? "+ ";

export function BooksTable({ books }: { readonly books: Books | undefined }) {
  if (!books) return <p class="soft">Not read from MySQL yet.</p>;
  return (
    <>
      <dl class="facts">
        {accounts.map(({ name, of }, index) => (
          <div>
            <dt>{name}</dt>
            <dd class={alarming.has(name) && of(books) > 0 ? "bad" : undefined}>
              {index > 0 && <span aria-hidden="true">{signOf(index)}</span>}
              {number(of(books))}
            </dd>
          </div>
        ))}
      </dl>
      <p class={books.balanced ? "soft" : "bad"}>
        {books.balanced
          ? "Ballots of all polls, updated every few seconds."
          : "The books do not balance: more or fewer ballots came out of the flush than went in."}
      </p>
    </>
  );
}
