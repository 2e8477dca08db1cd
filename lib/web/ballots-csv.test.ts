import assert from "node:assert/strict";
import { describe, it } from "node:test";
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

  it("ballotsAsCsv lets no cell begin with a sign of a formula, whatever separates cells there", async () => {
    const signs = ["=", "+", "-", "@", "＝", "＋", "－", "＠", "﹦"];
    const separators = [",", ";", "\t", "\n", "\r", "|"];
    const others = ['"', "'", " ", "\u00a0", "\u200b", "\u200f", "a", "1"];
    const piece = fc.constantFrom(...signs, ...separators, ...others);
    const label = fc.string({ unit: piece, minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.array(label, { minLength: 1, maxLength: 4 }), async labels => {
        const text = await new Response(
          ballotsAsCsv(databaseOf([[1]]).db, pollOf("choice", labels)),
        ).text();
        for (const cell of text.split(/[,;|\t\r\n]/)) {
          assert.doesNotMatch(cell, /^["\s\u200b\u200f\ufeff]*[=+\-@＝＋－＠﹦]/);
        }
      }),
    );
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
