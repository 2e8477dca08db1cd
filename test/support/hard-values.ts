/** Backups in tests: a database whose values are hard to keep, and what is in it. */
import assert from "node:assert/strict";
import { readMigrations, tablesOf } from "#lib/backup/staged-schema.ts";
import type { Row, Store } from "#lib/store/database.ts";
import { ballot, batch, type startFlushBench } from "./flush-bench.ts";

type Bench = Awaited<ReturnType<typeof startFlushBench>>;

const tables = tablesOf(await readMigrations());

/** The rows of each table, as texts. */
export type Content = Readonly<Record<string, readonly string[]>>;

/** Everything in the database, by table; without what a restore changes, and without names that AUTO_INCREMENT gives. */
export async function contentOf(of: Store): Promise<Content> {
  const content: Record<string, readonly string[]> = {};
  const restoredTables = tables.filter(name => name !== "site" && name !== "gone_polls");
  for (const table of restoredTables) {
    const rows = await of.rows("test.rows", `SELECT * FROM ${table}`);
    content[table] = rows.map(row => JSON.stringify(row)).sort();
  }
  return content;
}

/** Fails with the first row that differs: a list of all differences of such long rows takes for ever. */
export function assertSameContent(actual: Content, expected: Content): void {
  for (const table of new Set([...Object.keys(actual), ...Object.keys(expected)])) {
    const [found = [], wanted = []] = [actual[table], expected[table]];
    const at = found.findIndex((row, index) => row !== wanted[index]);
    if (at === -1 && found.length === wanted.length) continue;
    const [is, was] = [found[at]?.slice(0, 400), wanted[at]?.slice(0, 400)];
    assert.fail(`${table}: ${found.length} rows of ${wanted.length}; is ${is}, was ${was}`);
  }
}

export async function schemaOf(of: Store): Promise<string[]> {
  const texts: string[] = [];
  for (const table of [...tables, "migrations"]) {
    const [row] = await of.rows<Row & { readonly "Create Table": string }>(
      "test.schema",
      `SHOW CREATE TABLE ${table}`,
    );
    texts.push((row?.["Create Table"] ?? "").replace(/ AUTO_INCREMENT=\d+/, ""));
  }
  return texts;
}

export async function tableNames(of: Store): Promise<string[]> {
  const rows = await of.rows<Row & { readonly name: string }>(
    "test.tables",
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()",
  );
  return rows.map(({ name }) => name).sort();
}

export const generationOf = async (of: Store) =>
  (
    await of.rows<Row & { readonly generation: string }>("test.site", "SELECT generation FROM site")
  )[0]?.generation;

/** A row in every table, with what is hard to keep: every byte, signs, the largest numbers, NULL, and all of Unicode. */
export async function fillWithHardValues(bench: Bench): Promise<void> {
  const poll = await bench.newPoll();
  await bench.enqueue(bench.producer(), batch([ballot(poll), ballot(poll)]));
  await bench.newFlusher().pass();
  const hard = "O'Brien \\ \"x\" \n\r\t\0 – “ß” 漢字 🗳️ \u202e ';DROP TABLE polls;--";
  const everyByte = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  const big = "9223372036854775807";
  // As a front reports it.
  await bench.store.write("test.accepted", "UPDATE acceptances SET accepted = arrived");
  const statements: [string, unknown[]][] = [
    [
      "UPDATE polls SET question = ?, closes_at = '2026-03-29 01:30:00.123', language = 'de' WHERE id = ?",
      [hard, poll],
    ],
    ["UPDATE options SET label = ?, pinned = 1 WHERE poll_id = ? AND number = 2", [hard, poll]],
    [`UPDATE poll_totals SET duplicates = -${big}, repeated = ${big} WHERE poll_id = ?`, [poll]],
    [
      "INSERT INTO ballots VALUES (?, ?, ?, ?, 65535, ?, '1970-01-01 00:00:00.001')",
      [
        poll,
        everyByte.subarray(0, 16),
        everyByte.subarray(240),
        everyByte.subarray(100, 112),
        everyByte.subarray(156),
      ],
    ],
    [
      "INSERT INTO ballots VALUES (?, ?, ?, ?, 1, '', '2038-01-19 03:14:08.999')",
      [poll, Buffer.alloc(16), Buffer.alloc(16, 255), Buffer.alloc(12)],
    ],
    [
      "INSERT INTO dead_letters (poll_id, epoch, slot, reason, bytes, ballots, created_at) VALUES (NULL, 'epoch', 18446744073709551615, 'why', ?, 4294967295, NOW(3))",
      [Buffer.concat(Array.from({ length: 3_000 }, () => everyByte))],
    ],
    ["INSERT INTO former_slugs VALUES ('before', ?, NOW(3))", [poll]],
    ["INSERT INTO editors VALUES ('e', ?, 'a@b', 1, NULL, NOW(3), NOW(3), 'admin')", [hard]],
    ["INSERT INTO editor_sessions VALUES ('s', 'e', 't', NOW(3), NULL, NULL, NOW(3), NOW(3))", []],
    [
      "INSERT INTO api_tokens (editor_id, name, digest, created_at) VALUES ('e', ?, ?, NOW(3))",
      [hard, everyByte.subarray(128, 160)],
    ],
    [
      "INSERT INTO reopenings (poll_id, reopened_at, reopened_by, reason, ballots_before) VALUES (?, NOW(3), 'operator', ?, 3)",
      [poll, hard],
    ],
    [
      "INSERT INTO editor_accounts (id, editor_id, account_id, provider_id, created_at, updated_at) VALUES ('a', 'e', ?, 'x', NOW(3), NOW(3))",
      [hard],
    ],
  ];
  for (const [sql, values] of statements)
    await bench.store.write("test.fill", sql, values as never);
}
