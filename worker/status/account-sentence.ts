/** What the worker's page says first: ballots that were accepted and do not count, and books that do not balance. Pure. */
import { plural } from "#lib/base/human-readable.ts";
import type { Books } from "#lib/books/books.ts";
import type { OpenLetters } from "#lib/store/dead-letters.ts";

/** What MySQL says about all polls; `undefined`: not read yet. */
export interface Accounts {
  readonly books: Books | undefined;
  /** Dead letters that no operator has dismissed. */
  readonly openLetters: OpenLetters | undefined;
}

/** Worst news first; empty when every accepted ballot counts or waits. */
export function accountSentences({ books, openLetters }: Accounts): string[] {
  const { lost = 0, balanced = true } = books ?? {};
  const { letters, ballots } = openLetters ?? { letters: 0, ballots: 0 };
  const said: string[] = [];
  if (lost > 0) {
    said.push(
      `${plural(lost, "accepted ballot")} ${lost === 1 ? "is" : "are"} lost: no server has ${lost === 1 ? "it" : "them"}.`,
    );
  }
  if (letters > 0) {
    const what =
      ballots > 0
        ? `At least ${plural(ballots, "accepted ballot")}`
        : "An unknown number of ballots";
    said.push(
      `${what} could not be counted and ${ballots === 1 ? "is" : "are"} set aside in ${plural(letters, "dead letter")}; \`floodgate dead-letters\` says why.`,
    );
  }
  if (!balanced) {
    said.push(
      "The books do not balance: more or fewer ballots came out of the flush than went in.",
    );
  }
  return said;
}
