import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CsvError, type Options, parse } from "csv-parse/sync";
import fc from "fast-check";
import type { OptionNumber, PollId } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import type { PollKind } from "../model/poll-rules.ts";
import type { Database } from "../store/database.ts";
import { ballotsAsCsv } from "./ballots-csv.ts";

function pollOf(kind: PollKind, labels: readonly string[] = ["Cod", "Eel", "Pike"]): Poll {
  const options = labels.map((label, index) => ({ number: (index + 1) as OptionNumber, label }));
  return { id: 7 as PollId, kind, options } as unknown as Poll;
}

/** A database with ballots in the order of their voters. */
function databaseOf(ballots: readonly (readonly number[])[]) {
  const stored = ballots.map((choices, index) => {
    const voter = Buffer.alloc(16);
    voter.writeUInt32BE(index + 1);
    return {
      poll_id: 7,
      voter,
      ballot_id: Buffer.alloc(16),
      batch_id: Buffer.alloc(12),
      revision: 0,
      choices: Buffer.from(choices),
      received_at: new Date(Date.UTC(2026, 10, 22)),
    };
  });
  let queries = 0;
  const rows = async (_name: string, _sql: string, values: [number, Buffer, number]) => {
    queries += 1;
    const [, behind, limit] = values;
    return stored.filter(({ voter }) => Buffer.compare(voter, behind) > 0).slice(0, limit);
  };
  return { db: { rows } as unknown as Database, queries: () => queries };
}

async function linesOf(poll: Poll, ballots: readonly (readonly number[])[]): Promise<string[]> {
  const text = await new Response(ballotsAsCsv(databaseOf(ballots).db, poll)).bytes();
  return Buffer.from(text).toString().trimEnd().split("\n");
}

const time = "2026-11-22T00:00:00.000Z";

describe("ballotsAsCsv", () => {
  it("ballotsAsCsv begins with a byte order mark and a title for each option", async () => {
    assert.deepEqual(await linesOf(pollOf("choice"), []), ["\ufeffreceived_at,Cod,Eel,Pike"]);
  });

  it("ballotsAsCsv writes 1 and 0 for a choice", async () => {
    const [, ...rows] = await linesOf(pollOf("choice"), [[3], [1, 2]]);
    assert.deepEqual(rows, [`${time},0,0,1`, `${time},1,1,0`]);
  });

  it("ballotsAsCsv writes ranks, and nothing for an option without one", async () => {
    const [, row] = await linesOf(pollOf("ranked"), [[3, 1]]);
    assert.equal(row, `${time},2,,1`);
  });

  it("ballotsAsCsv writes grades, also where a grade looks like an option", async () => {
    const [, row] = await linesOf(pollOf("rating"), [[1, 3, 2, 1]]);
    assert.equal(row, `${time},3,1,`);
  });

  it("ballotsAsCsv leaves withdrawals out", async () => {
    assert.deepEqual((await linesOf(pollOf("choice"), [[], [1], []])).length, 2);
  });

  it("ballotsAsCsv escapes a label that a spreadsheet would run as a formula", async () => {
    for (const label of ["=1+1", "+1", "-1", "@sum"]) {
      const [title = ""] = await linesOf(pollOf("choice", [label]), []);
      assert.ok(title.endsWith(`,'${label}`), title);
    }
  });

  it("ballotsAsCsv escapes a formula behind a semicolon, where Excel separates by semicolons", async () => {
    const [title] = await linesOf(pollOf("choice", ["x;=1+1", 'y; "@sum', "a, b; c"]), []);
    assert.equal(title, `\ufeffreceived_at,"x;'=1+1","y; ""'@sum","a, b; c"`);
  });

  describe("labels of signs, separators, quotation marks and blanks", () => {
    const piece = fc.constantFrom(
      ...["=", "+", "-", "@", "＝", "＋", "－", "＠", "﹢", "﹣", "﹦", "﹫"],
      ...[",", ";", "\t", "\n", "\r", "|"],
      ...['"', "'", " ", "\u00a0", "\u200b", "\u200f", "\ufeff", "a", "1"],
    );
    const label = fc.string({ unit: piece, minLength: 1, maxLength: 12 });
    const check = (holds: (text: string, labels: readonly string[]) => void) =>
      fc.assert(
        fc.asyncProperty(fc.array(label, { minLength: 1, maxLength: 4 }), async labels => {
          const poll = pollOf("choice", labels);
          const bytes = await new Response(ballotsAsCsv(databaseOf([[1]]).db, poll)).bytes();
          holds(Buffer.from(bytes).toString(), labels);
        }),
        { numRuns: 1_000 },
      );
    const cellsOf = (text: string, options: Options) =>
      parse(text, { bom: true, relax_column_count: true, ...options }) as string[][];
    /** What a spreadsheet takes for a formula, also behind blanks and what can't be seen. */
    const formula = /^[\s\p{Default_Ignorable_Code_Point}]*[=+\-@＝＋－＠﹢﹣﹦﹫]/u;

    const ours =
      /(?<=(?:^|[,;|\t\r\n])["'\s\p{Default_Ignorable_Code_Point}]*)'(?=[=+\-@＝＋－＠﹢﹣﹦﹫])/gu;
    const withoutApostrophes = (cell: string) => cell.replace(ours, "");
    const broken = ["CSV_QUOTE_NOT_CLOSED", "CSV_INVALID_CLOSING_QUOTE"];
    /** Split at quotation marks that mean nothing there, it may be no CSV at all. */
    const cellsIfAny = (text: string, options: Options): string[][] => {
      try {
        return cellsOf(text, options);
      } catch (error) {
        if (error instanceof CsvError && broken.includes(error.code)) return [];
        throw error;
      }
    };

    it("ballotsAsCsv writes them so that each is read back, without its apostrophes", () =>
      check((text, labels) => {
        const [title = [], row = []] = cellsOf(text, {});
        assert.deepEqual(title.map(withoutApostrophes), ["received_at", ...labels]);
        assert.deepEqual(row.slice(1), ["1", ...labels.slice(1).map(() => "0")]);
      }));

    it("ballotsAsCsv writes no formula for a program that separates by commas", () =>
      check(text => {
        for (const cell of cellsOf(text, {}).flat()) assert.doesNotMatch(cell, formula);
      }));

    for (const delimiter of [";", "\t", "|"]) {
      it(`ballotsAsCsv writes no formula for a program that separates by ${JSON.stringify(delimiter)}`, () =>
        check(text => {
          const cells = [
            // By a program that knows quotation marks, and by one that does not.
            ...cellsIfAny(text, { delimiter, relax_quotes: true }),
            ...cellsOf(text, { delimiter, quote: null }),
          ];
          for (const cell of cells.flat()) assert.doesNotMatch(cell, formula);
        }));
    }
  });

  it("ballotsAsCsv leaves signs alone that begin no cell", async () => {
    for (const label of ["A+", "2 - 3", "me@home.example", "x=y"]) {
      assert.equal((await linesOf(pollOf("choice", [label]), []))[0], `\ufeffreceived_at,${label}`);
    }
  });

  it("ballotsAsCsv quotes a label with a comma or a quotation mark", async () => {
    const [title] = await linesOf(pollOf("choice", ['Cod, "fresh"']), []);
    assert.equal(title, '\ufeffreceived_at,"Cod, ""fresh"""');
  });

  it("ballotsAsCsv reads further portions until the last, over one that is all withdrawals", async () => {
    const ballots = Array.from({ length: 6_001 }, (_, index) =>
      index >= 2_000 && index < 4_000 ? [] : [1],
    );
    const { db, queries } = databaseOf(ballots);
    const text = await new Response(ballotsAsCsv(db, pollOf("choice"))).text();
    assert.equal(text.trimEnd().split("\n").length, 1 + 4_001);
    assert.equal(queries(), 4);
  });
});
