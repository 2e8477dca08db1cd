/**
 * The schema under other names: a restore makes its tables beside the live ones, by the same files of `sql/`, with a
 * prefix before each table's name and each foreign key's. InnoDB's foreign keys have names that are unique in a
 * database.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { migrationNames, splitStatements } from "../store/migrate.ts";

/** Before the names of tables that a restore is filling. */
export const stagedPrefix = "restoring_";
/** Before the names of tables that a restore has replaced. */
export const replacedPrefix = "replaced_";
/** Before the names of tables that the restore before it had replaced, from the swap until they are deleted. */
export const discardedPrefix = "discarded_";

/** True for a table that no restore has made or put aside. */
export const isLiveTable = (name: string): boolean =>
  ![stagedPrefix, replacedPrefix, discardedPrefix].some(prefix => name.startsWith(prefix));

/** One file of `sql/`. */
export interface Migration {
  readonly name: string;
  readonly breaking: boolean;
  readonly statements: readonly string[];
}

/** The migrations of a directory, in order. */
export async function readMigrations(directory = "sql"): Promise<Migration[]> {
  const names = await migrationNames(directory);
  return Promise.all(
    names.map(async name => {
      const text = await readFile(join(directory, name), "utf8");
      const breaking = text.startsWith("-- breaking");
      return { name, breaking, statements: splitStatements(text) };
    }),
  );
}

/** The tables that migrations make, in the order in which they do. */
export function tablesOf(migrations: readonly Migration[]): string[] {
  const statements = migrations.flatMap(each => each.statements);
  return statements.flatMap(
    statement => /^CREATE TABLE (?:IF NOT EXISTS )?(\w+)/.exec(statement)?.[1] ?? [],
  );
}

const beforeTable =
  /\b(CREATE TABLE IF NOT EXISTS|CREATE TABLE|ALTER TABLE|DROP TABLE IF EXISTS|DROP TABLE|REFERENCES|INSERT INTO|UPDATE|DELETE FROM|FROM|JOIN|ON TABLE)(\s+)(\w+)/g;
const beforeForeignKey = /\b(CONSTRAINT|DROP FOREIGN KEY)(\s+)(\w+)/g;
const literals = /('(?:[^'\\]|\\.|'')*')/;

/** A statement of a migration for the tables with the prefix. Texts in quotes stay as they are. */
export function staged(statement: string, tables: readonly string[]): string {
  return statement
    .split(literals)
    .map((part, index) => {
      if (index % 2 === 1) return part;
      return part
        .replaceAll(beforeTable, (all, words, space, table) =>
          tables.includes(table) ? `${words}${space}${stagedPrefix}${table}` : all,
        )
        .replaceAll(beforeForeignKey, `$1$2${stagedPrefix}$3`);
    })
    .join("");
}
