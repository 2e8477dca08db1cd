/**
 * Backups and restores, on a real MariaDB: every column comes back as it was, a restored schema is the migrated one,
 * and a backup that is not whole changes nothing.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { DamagedBackup } from "#lib/backup/read-backup.ts";
import { SchemaInUse, Session } from "#lib/backup/session.ts";
import { readMigrations } from "#lib/backup/staged-schema.ts";
import type { Slug } from "#lib/model/ids.ts";
import { type Row, Store } from "#lib/store/database.ts";
import { readSharedState } from "#lib/store/fleet-processes.ts";
import { checkSchema, migrate, SchemaMismatch } from "#lib/store/migrate.ts";
import { findPoll } from "#lib/store/polls.ts";
import { lastRestore } from "#lib/store/restores.ts";
import { backupOf, restoreInto } from "#test/support/backups.ts";
import { startFlushBench } from "#test/support/flush-bench.ts";
import {
  assertSameContent,
  type Content,
  contentOf,
  fillWithHardValues,
  generationOf,
  schemaOf,
  tableNames,
} from "#test/support/hard-values.ts";
import { testDatabase } from "#test/support/services.ts";

const bench = await startFlushBench();
const { store } = bench;
const migrations = await readMigrations();

const takeBackup = (from = store) => backupOf(from);
const restore = (bytes: Buffer, into = store) => restoreInto(into, bytes);

await fillWithHardValues(bench);
const backup = await takeBackup();
const text = gunzipSync(backup).toString();
/** Sign-ins are not restored. */
const content = { ...(await contentOf(store)), editor_sessions: [] };
const schema = await schemaOf(store);

/** The backup with another text, and an end that fits it. */
function forged(change: (lines: string[]) => string[]): Buffer {
  const lines = change(text.trimEnd().split("\n").slice(0, -1));
  const body = `${lines.join("\n")}\n`;
  const rows: Record<string, number> = {};
  let table = "";
  for (const line of lines.slice(1)) {
    const value = JSON.parse(line) as { table?: string } | unknown[];
    if (Array.isArray(value)) rows[table] = (rows[table] ?? 0) + 1;
    else {
      table = value.table ?? "";
      rows[table] = 0;
    }
  }
  const sha256 = createHash("sha256").update(body).digest("hex");
  return gzipSync(`${body}${JSON.stringify({ end: true, rows, sha256 })}\n`);
}

describe("a backup that is restored", () => {
  it("every value of every column comes back, in tables that are exactly those of the migrations", async () => {
    const before = await generationOf(store);
    await store.write("test.lose", "DELETE FROM ballots");
    await store.write("test.lose", "UPDATE polls SET question = 'another'");
    const { rows, generation } = await restore(backup);
    assertSameContent(await contentOf(store), content);
    assert.deepEqual(await schemaOf(store), schema);
    assert.equal(rows.ballots, 4);
    assert.notEqual(generation, before);
    assert.equal(await generationOf(store), generation);
    await checkSchema(store);
  });

  it("an empty database becomes that of the backup, and a second restore is like the first", async () => {
    const { url } = await testDatabase({}, "empty");
    const empty = new Store({ url, connectionsMax: 2, statementMs: 30_000 });
    after(() => empty.close());
    for (let round = 0; round < 2; round++) {
      await restore(backup, empty);
      assertSameContent(await contentOf(empty), content);
      assert.deepEqual(await schemaOf(empty), schema);
    }
    assert.deepEqual(
      (await tableNames(empty)).filter(name => name.startsWith("restoring_")),
      [],
    );
  });

  it("numbers that were given after the backup are not given again, and gone polls are named", async () => {
    const gone = await bench.newPoll();
    const run = Buffer.from("8 bytes!");
    await store.write("test.accept", "INSERT INTO acceptances VALUES (?, ?, 7, 5)", [gone, run]);
    const { polls: [first = "{}"] = [] } = content as Content;
    const { id: kept = 0 } = JSON.parse(first) as { readonly id?: number };
    await store.write("test.accept", "INSERT INTO acceptances VALUES (?, ?, 9, 9)", [kept, run]);
    await restore(backup);
    const [poll] = (await lastRestore(store))?.gone ?? [];
    assert.deepEqual([poll?.id, poll?.accepted], [gone, 7]);
    const [counts] = await store.rows<Row>(
      "test.counts",
      "SELECT accepted, arrived FROM acceptances WHERE producer = ?",
      [run],
    );
    assert.deepEqual(
      { ...counts },
      { accepted: 9, arrived: 0 },
      "what fronts had accepted is not forgotten",
    );
    assert.ok((await bench.newPoll()) > gone);
    await store.write("test.forget", "DELETE FROM acceptances WHERE producer = ?", [run]);
    await restore(backup);
  });

  it("a restore changes the generation, and the site stays the same one", async () => {
    const before = await readSharedState(store);
    await store.write("test.site", "UPDATE site SET site_id = 'another moment'");
    await restore(backup);
    const after = await readSharedState(store);
    assert.equal(after.siteId, "another moment");
    assert.notEqual(after.generation, before.generation);
  });

  it("a backup of an older schema is brought to the present one", async () => {
    const { url } = await testDatabase({}, "empty");
    const older = new Store({ url, connectionsMax: 2, statementMs: 30_000 });
    const sql = mkdtempSync(join(tmpdir(), "floodgate-sql-"));
    after(async () => {
      rmSync(sql, { recursive: true });
      await older.close();
    });
    for (const { name } of migrations.filter(each => each.name < "0005")) {
      copyFileSync(join("sql", name), join(sql, name));
    }
    await migrate(older, sql);
    await older.write(
      "test.poll",
      `INSERT INTO polls SET slug = 'old', question = 'Old?', description = '', kind = 'choice', choices_min = 1,
         choices_max = 1, option_order = 'fixed', results_to = 'everyone', results_as = 'both', after_vote = 'results',
         after_vote_text = '', after_vote_link = '', lane = 'low', may_change = 0, created_at = NOW(3),
         updated_at = NOW(3)`,
    );
    await restore(await takeBackup(older));
    assert.deepEqual(await schemaOf(store), schema);
    assert.equal((await findPoll(store, "old" as Slug))?.question, "Old?");
    assert.equal(await bench.count("polls"), 1);
    await restore(backup);
  });
});

describe("a backup that can't be restored", () => {
  const refuses = async (
    bytes: Buffer,
    error: RegExp,
    kind: typeof DamagedBackup | typeof SchemaMismatch = DamagedBackup,
  ) => {
    const [before, generation] = [await contentOf(store), await generationOf(store)];
    await assert.rejects(restore(bytes), thrown => {
      assert.ok(thrown instanceof kind, String(thrown));
      assert.match(thrown.message, error);
      return true;
    });
    assertSameContent(await contentOf(store), before);
    assert.equal(await generationOf(store), generation);
  };

  it("a truncated backup is refused wherever it ends, and nothing changes", async () => {
    await refuses(backup.subarray(0, -1), /truncated/);
    await refuses(backup.subarray(0, backup.length / 2), /truncated/);
    const lines = text.trimEnd().split("\n");
    await refuses(gzipSync(`${lines.slice(0, -1).join("\n")}\n`), /truncated/);
    await refuses(gzipSync(text.slice(0, -5)), /truncated/);
    await refuses(gzipSync(""), /truncated/);
  });

  it("an altered backup is refused, and nothing changes", async () => {
    await refuses(gzipSync(text.replace("O'Brien", "O'Bryan")), /altered/);
    const lines = text.trimEnd().split("\n");
    await refuses(
      gzipSync(`${lines.filter((_, i) => i !== 3).join("\n")}\n`),
      /too many values|rows too many|altered/,
    );
    await refuses(gzipSync(`${text}[]\n`), /goes on after its end/);
    const flipped = Buffer.from(backup);
    flipped[flipped.length >> 1] = (flipped[flipped.length >> 1] ?? 0) ^ 0xff;
    await refuses(flipped, /damaged|altered|truncated|too many|no backup/);
    await refuses(Buffer.from("age-encryption.org/v1\n"), /no backup of Floodgate.*decrypt/);
    await refuses(gzipSync('{"hello":1}\n'), /no backup/);
  });

  it("a backup with a table that must not be restored is refused", async () => {
    for (const table of ["editor_sessions", "mysql", "polls"]) {
      const line = JSON.stringify({ table, columns: ["id"], binary: [] });
      await refuses(
        forged(lines => [...lines, line]),
        /where there must be none/,
      );
    }
  });

  it("a backup of a newer schema is refused with the version that it is of", async () => {
    const newer = forged(([header = "", ...rest]) => [
      JSON.stringify({
        ...JSON.parse(header),
        version: "9.1.0",
        migrations: [...migrations.map(({ name }) => name), "9999-x.sql"],
      }),
      ...rest,
    ]);
    await refuses(newer, /of Floodgate 9\.1\.0 with the schema 9999-x\.sql/, SchemaMismatch);
  });

  it("a second restore, a backup and a restore beside each other are refused", async () => {
    await Session.use(store, async () => {
      await assert.rejects(restore(backup), SchemaInUse);
      await assert.rejects(takeBackup(), SchemaInUse);
    });
  });
});
