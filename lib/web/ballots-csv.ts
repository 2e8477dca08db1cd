/**
 * A poll's ballots as CSV. Rows are read in portions, as fast as the client reads.
 *
 * Invariant: a spreadsheet takes no cell as a formula, whatever an editor wrote into a label, and whatever separator
 *   the spreadsheet goes by. Excel separates by the semicolon in much of Europe, and then splits a quoted cell as well:
 *   its quotation mark is not at the start of a cell there. So quoting is not enough, and the sign is escaped too.
 * Invariant: what was written can be read back: one apostrophe is taken away where it stands directly before a sign that
 *   begins a formula, at the start of a cell's text or after a comma, semicolon, bar, tab or line break in it, with
 *   nothing but quotation marks, apostrophes and blanks in between.
 * Voters and withdrawals are left out. Rows are in the order of their random keys, which reveals nothing.
 */
import { stringify } from "csv-stringify/sync";
import type { VoterKey } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import { gradesOf } from "../model/tally-parts.ts";
import type { BallotRow } from "../store/ballots.ts";
import { ballotsAfter } from "../store/ballots.ts";
import type { Database } from "../store/database.ts";

const rowsPerPortion = 2_000;

/** One column for each option: 1 or 0 for a choice, the rank, or the grade; empty without one. */
export function ballotsAsCsv(db: Database, poll: Poll): ReadableStream<Uint8Array> {
  let after: VoterKey | undefined;
  const title = ["received_at", ...poll.options.map(({ label }) => label)];
  return new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encode([title], true));
    },
    async pull(controller) {
      const rows: BallotRow[] = await ballotsAfter(db, poll.id, after, rowsPerPortion);
      after = rows.length === rowsPerPortion ? rows.at(-1)?.voter : undefined;
      // A portion of withdrawals alone is enqueued as an empty chunk: without one, `pull` is not called again.
      const ballots = rows.filter(({ choices }) => choices.length > 0);
      if (rows.length > 0) controller.enqueue(encode(ballots.map(row => cellsOf(poll, row))));
      if (!after) controller.close();
    },
  });
}

function cellsOf(poll: Poll, { choices, receivedAtMs }: BallotRow): (string | number)[] {
  const grades = poll.kind === "rating" ? new Map(gradesOf(choices)) : undefined;
  const cells = poll.options.map(({ number }) => {
    const rank = choices.indexOf(number) + 1;
    if (grades) return grades.get(number) ?? "";
    if (poll.kind === "ranked") return rank === 0 ? "" : rank;
    return rank === 0 ? 0 : 1;
  });
  return [new Date(receivedAtMs).toISOString(), ...cells];
}

/**
 * The place before a sign that begins a formula (full-width and small forms too), at the start of a text or after a
 * separator. Quotation marks, blanks and invisible characters between the two do not count: programs skip them.
 */
const beforeFormula =
  /(?<=(?:^|[,;|\t\r\n])["'\s\p{Default_Ignorable_Code_Point}]*)(?=[=+\-@\u{fe62}\u{fe63}\u{fe66}\u{fe6b}＝＋－＠])/gu;

/** @param bom - begin with a byte order mark, by which spreadsheets recognise UTF-8. */
function encode(rows: readonly (readonly (string | number)[])[], bom = false): Uint8Array {
  return Buffer.from(
    stringify(rows as unknown[][], {
      bom,
      cast: { string: text => text.replace(beforeFormula, "'") },
      quoted_match: /[;|\t\r]/,
    }),
  );
}
