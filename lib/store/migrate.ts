/**
 * Brings the schema up to date: applies the numbered files of `sql/`, in order, each once.
 *
 * Two processes may run it at once: they take turns behind a named lock of the server. MySQL commits every DDL
 * statement by itself, so a file can't be rolled back. Its row in `migrations` is therefore inserted before the
 * first statement and completed after the last; a row that is not completed stops every later run.
 *
 * A file whose first line begins with `-- breaking` stops programs that do not know it; they tolerate any other.
 *
 * Source: `docs/decisions/0005-migrations.md`, which says why no library does this.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Database, Row, Store } from "./database.ts";

interface MigrationRow extends Row {
  readonly name: string;
  readonly breaking: number;
  readonly started_at: Date;
  readonly finished_at: Date | null;
}

type Connection = Awaited<ReturnType<Store["connect"]>>;

/** The named lock of migrations, backups and restores: one of them at a time. */
export const schemaLock = "floodgate.migrate";
const lockWaitSeconds = 60;

const createTable = `
  CREATE TABLE IF NOT EXISTS migrations (
    name        VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    breaking    BOOLEAN      NOT NULL COMMENT 'programs without this file must not run',
    started_at  DATETIME(3)  NOT NULL,
    finished_at DATETIME(3)  NULL,
    PRIMARY KEY (name)
  ) ENGINE = InnoDB`;

/** The schema and this program do not fit together; the message tells the operator what to do. */
export class SchemaMismatch extends Error {}

/** The migrations in a directory, in order. */
export async function migrationNames(directory: string): Promise<string[]> {
  const names = await readdir(directory);
  return names.filter(name => /^\d{4}-[a-z0-9-]+\.sql$/.test(name)).sort();
}

/** Splits a file at each semicolon that ends a line; whole-line comments are dropped. */
export function splitStatements(sql: string): string[] {
  const withoutComments = sql.replaceAll(/^\s*--.*$/gm, "");
  return withoutComments
    .split(/;\s*$/m)
    .map(statement => statement.trim())
    .filter(statement => statement.length > 0);
}

/**
 * Applies the missing migrations and resolves with their names.
 *
 * @throws SchemaMismatch when an earlier migration stopped half-way.
 */
export async function migrate(store: Store, directory = "sql"): Promise<string[]> {
  const files = await migrationNames(directory);
  const connection = await store.connect("migrate");
  try {
    const [locked] = await connection.query<Row[]>("SELECT GET_LOCK(?, ?) AS got", [
      schemaLock,
      lockWaitSeconds,
    ]);
    if (Number(locked[0]?.got) !== 1)
      throw new SchemaMismatch("another migration, a backup or a restore is still running");
    await connection.query(createTable);
    const [rows] = await connection.query<MigrationRow[]>("SELECT * FROM migrations");
    const halfDone = rows.find(row => row.finished_at === null);
    if (halfDone) {
      throw new SchemaMismatch(
        `migration ${halfDone.name} stopped half-way: complete its tables by hand, then set its finished_at`,
      );
    }
    const done = new Set(rows.map(row => row.name));
    const missing = files.filter(name => !done.has(name));
    for (const name of missing) await apply(connection, directory, name);
    return missing;
  } finally {
    await connection.query("SELECT RELEASE_LOCK(?)", [schemaLock]).catch(() => {});
    connection.release();
  }
}

async function apply(connection: Connection, directory: string, name: string): Promise<void> {
  const sql = await readFile(join(directory, name), "utf8");
  const breaking = sql.startsWith("-- breaking");
  await connection.query("INSERT INTO migrations VALUES (?, ?, UTC_TIMESTAMP(3), NULL)", [
    name,
    breaking,
  ]);
  for (const statement of splitStatements(sql)) await connection.query(statement);
  await connection.query("UPDATE migrations SET finished_at = UTC_TIMESTAMP(3) WHERE name = ?", [
    name,
  ]);
}

/** When a migration was applied; `undefined` when it was not. */
export async function migrationAppliedAtMs(
  db: Database,
  name: string,
): Promise<number | undefined> {
  const [row] = await db.rows<MigrationRow>(
    "migrate.applied",
    "SELECT * FROM migrations WHERE name = ?",
    [name],
  );
  return row?.started_at.getTime();
}

/**
 * Checks that this program can work with the schema. Two queries.
 *
 * @throws SchemaMismatch when it can't; StoreFailure when MySQL is away.
 */
export async function checkSchema(store: Store, directory = "sql"): Promise<void> {
  const known = await migrationNames(directory);
  const tables = await store.rows("migrate.table", "SHOW TABLES LIKE 'migrations'");
  if (tables.length === 0) throw new SchemaMismatch("the database is empty: run `npm run migrate`");
  const rows = await store.rows<MigrationRow>("migrate.state", "SELECT * FROM migrations");
  const done = new Set(rows.filter(row => row.finished_at !== null).map(row => row.name));
  const missing = known.filter(name => !done.has(name));
  if (missing.length > 0) {
    throw new SchemaMismatch(`the schema lacks ${missing.join(", ")}: run \`npm run migrate\``);
  }
  const tooNew = rows.find(row => row.breaking === 1 && !known.includes(row.name));
  if (tooNew) throw new SchemaMismatch(`the schema is newer than this program (${tooNew.name})`);
}
