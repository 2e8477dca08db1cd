/**
 * Gives foreign keys their own names after a swap. Two keys of a database can't have the same name, so the keys of the
 * new tables have a prefix until the replaced tables have none. Only a later migration needs the names.
 */
import type { Database, Row } from "../store/database.ts";
import type { Session } from "./session.ts";
import { isLiveTable, replacedPrefix, stagedPrefix } from "./staged-schema.ts";
import { existingTables } from "./staged-tables.ts";

/** In the text of SHOW CREATE TABLE. */
const foreignKey = /^ *CONSTRAINT `(\w+)` (FOREIGN KEY .*?),?$/gm;

/** True when a restore went live and was not finished. One query. @throws StoreFailure. */
export async function hasStagedKeys(db: Pick<Database, "rows">): Promise<boolean> {
  const [row] = await db.rows<Row & { readonly keys_found: number }>(
    "foreign_keys.staged",
    `SELECT COUNT(*) AS keys_found FROM information_schema.table_constraints
     WHERE table_schema = DATABASE() AND constraint_name LIKE ? AND table_name NOT LIKE ?`,
    [`${stagedPrefix}%`, `${stagedPrefix}%`],
  );
  return Number(row?.keys_found) > 0;
}

/** Does nothing where every key has its name. */
export async function nameForeignKeys(session: Session): Promise<void> {
  const tables = await existingTables(session);
  await session.run("no_keys", "SET SESSION foreign_key_checks = 0");
  for (const table of tables.filter(name => name.startsWith(replacedPrefix))) {
    const drops = (await keysOf(session, table)).map(([name]) => `DROP FOREIGN KEY \`${name}\``);
    if (drops.length > 0) {
      await session.run("drop_keys", `ALTER TABLE \`${table}\` ${drops.join(", ")}`);
    }
  }
  for (const table of tables.filter(isLiveTable)) {
    const keys = (await keysOf(session, table)).filter(([name]) => name.startsWith(stagedPrefix));
    const changes = keys.flatMap(([name, definition]) => [
      `DROP FOREIGN KEY \`${name}\``,
      `ADD CONSTRAINT \`${name.slice(stagedPrefix.length)}\` ${definition}`,
    ]);
    if (changes.length > 0) {
      await session.run("name_keys", `ALTER TABLE \`${table}\` ${changes.join(", ")}`);
    }
  }
}

/** The names and definitions of a table's foreign keys. */
async function keysOf(session: Session, table: string): Promise<(readonly [string, string])[]> {
  const [row] = await session.rows<Row & { readonly "Create Table": string }>(
    "show_create",
    `SHOW CREATE TABLE \`${table}\``,
  );
  const found = (row?.["Create Table"] ?? "").matchAll(foreignKey);
  return [...found].map(([, name = "", definition = ""]) => [name, definition] as const);
}
