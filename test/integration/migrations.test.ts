/** Migrations on a real MariaDB: order, the lock, a crash in the middle, and a schema that does not fit. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { type Row, Store } from "#lib/store/database.ts";
import { checkSchema, migrate, SchemaMismatch, splitStatements } from "#lib/store/migrate.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { testDatabase } from "#test/support/services.ts";

const database = await testDatabase({}, "empty");
const stores: Store[] = [];
after(() => Promise.all(stores.map(store => store.close())));

function newStore(): Store {
  const store = new Store({ url: database.url, connectionsMax: 4, statementMs: 10_000 });
  stores.push(store);
  return store;
}

/** A directory of migrations. */
function migrations(files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), "floodgate-sql-"));
  after(() => rmSync(directory, { recursive: true, force: true }));
  for (const [name, sql] of Object.entries(files)) writeFileSync(join(directory, name), sql);
  return directory;
}

const first = { "0001-fruit.sql": "CREATE TABLE fruit (id INT);\n" };

/** Each file needs the one before it. */
const inOrder = {
  ...first,
  "0002-colour.sql": "ALTER TABLE fruit ADD COLUMN colour INT;\n",
  "0010-shade.sql": "ALTER TABLE fruit CHANGE COLUMN colour shade INT;\n",
};

async function forget(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await newStore().write("test.forget", "DELETE FROM migrations WHERE name = ?", [name]);
  }
  await newStore().write("test.drop", "DROP TABLE IF EXISTS fruit");
}

describe("checkSchema", () => {
  it("checkSchema rejects an empty database and names the command that fills it", async () => {
    await assert.rejects(checkSchema(newStore()), /the database is empty: run `npm run migrate`/);
  });

  it("checkSchema names the migrations that the database lacks", async () => {
    await migrate(newStore(), migrations(first));
    await assert.rejects(
      checkSchema(newStore(), migrations(inOrder)),
      /lacks 0002-colour\.sql, 0010-shade\.sql/,
    );
    await forget(...Object.keys(first));
  });

  it("checkSchema accepts a newer schema unless a migration that it does not know is marked as breaking", async () => {
    const store = newStore();
    const known = migrations(first);
    const harmless = { ...first, "0002-colour.sql": inOrder["0002-colour.sql"] };
    await migrate(store, migrations(harmless));
    await checkSchema(store, known);
    const breaking = {
      ...harmless,
      "0003-drop.sql": "-- breaking: fruit is gone\nDROP TABLE fruit;\n",
    };
    await migrate(store, migrations(breaking));
    await assert.rejects(checkSchema(store, known), /newer than this program \(0003-drop\.sql\)/);
    await checkSchema(store, migrations(breaking));
    await forget(...Object.keys(breaking));
  });
});

describe("migrate", () => {
  it("migrate applies each file once and in order when five processes start at the same moment", async () => {
    const directory = migrations(inOrder);
    const applied = await Promise.all(
      Array.from({ length: 5 }, () => migrate(newStore(), directory)),
    );
    assert.deepEqual(applied.flat(), Object.keys(inOrder));
    assert.deepEqual(await migrate(newStore(), directory), []);
    await forget(...Object.keys(inOrder));
  });

  it("migrate refuses to go on after a migration whose statement failed", async () => {
    const store = newStore();
    const broken = "CREATE TABLE fruit (id INT);\nCREATE NONSENSE;\n";
    const directory = migrations({
      "0001-broken.sql": broken,
      "0002-next.sql": "DROP TABLE fruit;\n",
    });
    await assert.rejects(migrate(store, directory));
    await assert.rejects(migrate(store, directory), /0001-broken\.sql stopped half-way/);
    await assert.rejects(checkSchema(store, directory), SchemaMismatch);
    await forget("0001-broken.sql");
  });

  it("migrate refuses to go on after a migration that crashed, and leaves no lock behind", async () => {
    const store = newStore();
    const slow = "CREATE TABLE fruit (id INT);\nSELECT SLEEP(600);\n";
    const directory = migrations({ "0001-slow.sql": slow });
    const running = assert.rejects(migrate(newStore(), directory));
    const sleeping = () =>
      store.rows<Row & { id: number }>(
        "test.sleeping",
        "SELECT id FROM information_schema.processlist WHERE info = 'SELECT SLEEP(600)'",
      );
    await waitUntil("the migration is running", async () => (await sleeping()).length > 0);
    for (const { id } of await sleeping()) await store.write("test.kill", `KILL ${id}`);
    await running;
    await assert.rejects(migrate(store, directory), /0001-slow\.sql stopped half-way/);
    await forget("0001-slow.sql");
  });

  it("migrate makes the product's schema, which checkSchema accepts", async () => {
    const files = readdirSync("sql").sort();
    assert.deepEqual(await migrate(newStore()), files);
    await checkSchema(newStore());
  });
});

describe("a session", () => {
  it("a session is in strict mode and keeps times in UTC", async () => {
    const store = newStore();
    const rows = await store.rows<Row & { zone: string; mode: string }>(
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
});

describe("splitStatements", () => {
  it("splitStatements splits at semicolons that end a line, and drops comments", () => {
    const sql =
      "-- one; two;\nCREATE TABLE a (\n  b INT COMMENT 'x; y'\n);\n\n-- end\nINSERT INTO a VALUES (1);\n";
    assert.deepEqual(splitStatements(sql), [
      "CREATE TABLE a (\n  b INT COMMENT 'x; y'\n)",
      "INSERT INTO a VALUES (1)",
    ]);
  });
});
