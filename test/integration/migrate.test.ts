/** Migrations on a real MariaDB: once, twice, by two processes at once, and after a failure. */
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { type Row, Store } from "#lib/store/database.ts";
import { checkSchema, migrate, SchemaMismatch, splitStatements } from "#lib/store/migrate.ts";
import { testDatabase } from "#test/support/services.ts";

const database = await testDatabase({}, "empty");
const directory = mkdtempSync(join(tmpdir(), "floodgate-sql-"));
after(() => rmSync(directory, { recursive: true, force: true }));
const stores: Store[] = [];
after(() => Promise.all(stores.map(store => store.close())));

function newStore(): Store {
  const store = new Store({ url: database.url, connectionsMax: 4, statementMs: 10_000 });
  stores.push(store);
  return store;
}

const files = readdirSync("sql").filter(name => name.endsWith(".sql"));

describe("migrations", () => {
  it("say what to do about an empty database", async () => {
    await assert.rejects(checkSchema(newStore()), SchemaMismatch);
  });

  it("are applied once, in order, by many who start at the same moment", async () => {
    const applied = await Promise.all(Array.from({ length: 5 }, () => migrate(newStore())));
    assert.deepEqual(applied.flat(), files);
    await checkSchema(newStore());
  });

  it("have nothing to do the second time", async () => {
    assert.deepEqual(await migrate(newStore()), []);
  });

  it("make tables that are strict and speak UTC", async () => {
    const store = newStore();
    const rows = await store.rows<Row & { zone: string; mode: string; isolation: string }>(
      "test.session",
      "SELECT @@session.time_zone AS zone, @@session.sql_mode AS mode",
    );
    assert.equal(rows[0]?.zone, "+00:00");
    assert.match(rows[0]?.mode ?? "", /STRICT_ALL_TABLES/);
    const at = new Date("2026-03-29T01:30:00.123Z");
    const back = await store.rows<Row & { at: Date }>(
      "test.time",
      "SELECT CAST(? AS DATETIME(3)) AS at",
      [at],
    );
    assert.equal(back[0]?.at.toISOString(), at.toISOString());
  });

  it("stop at one that failed half-way, and say which", async () => {
    for (const name of files) copyFileSync(join("sql", name), join(directory, name));
    writeFileSync(
      join(directory, "9000-broken.sql"),
      "CREATE TABLE half (id INT);\nCREATE NONSENSE;\n",
    );
    const store = newStore();
    await assert.rejects(migrate(store, directory));
    await assert.rejects(migrate(store, directory), /9000-broken\.sql stopped half-way/);
    await store.write("test.clean", "DROP TABLE half");
    await store.write("test.clean", "DELETE FROM migrations WHERE name = '9000-broken.sql'");
  });

  it("newer than the program stop it only when they say that they break it", async () => {
    const store = newStore();
    const add = (name: string, breaking: number) =>
      store.write(
        "test.add",
        "INSERT INTO migrations VALUES (?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))",
        [name, breaking],
      );
    await add("9001-harmless.sql", 0);
    await checkSchema(store);
    await add("9002-breaking.sql", 1);
    await assert.rejects(checkSchema(store), /9002-breaking/);
  });
});

describe("statements of a file", () => {
  it("end with a semicolon at the end of a line; comments are no statements", () => {
    const sql =
      "-- one; two;\nCREATE TABLE a (\n  b INT COMMENT 'x; y'\n);\n\n-- end\nINSERT INTO a VALUES (1);\n";
    assert.deepEqual(splitStatements(sql), [
      "CREATE TABLE a (\n  b INT COMMENT 'x; y'\n)",
      "INSERT INTO a VALUES (1)",
    ]);
  });
});
