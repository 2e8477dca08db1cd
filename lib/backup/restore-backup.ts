/**
 * Restores a backup into the database of a site that may be running.
 *
 * The backup is loaded into tables beside the live ones, in the schema that it was made with, and brought to the present one
 * there. When it turns out to be whole, these tables take the places of the live ones in one statement, with a new
 * generation, which fronts and workers notice. Ballots wait in memcached meanwhile.
 *
 * Invariant: whatever happens before the swap (a damaged backup, a crash, a lost connection), the site stays as it was. What
 *   happens after it is done again by the next restore or `floodgate migrate`, or by the worker.
 */
import { randomBytes } from "node:crypto";
import type { Row } from "../store/database.ts";
import { SchemaMismatch } from "../store/migrate.ts";
import type { BackupHeader, TableHeader } from "./backup-format.ts";
import { tablesLeftOut } from "./backup-format.ts";
import { carryOver, skipNumbers } from "./carry-over.ts";
import { nameForeignKeys } from "./foreign-keys.ts";
import { DamagedBackup, readBackup } from "./read-backup.ts";
import type { Session } from "./session.ts";
import { discardedPrefix, type Migration, stagedPrefix, tablesOf } from "./staged-schema.ts";
import {
  dropTables,
  existingTables,
  migrateStaged,
  swapTables,
  TableLoad,
} from "./staged-tables.ts";

/** What is in the database before a restore. */
export interface LiveContent {
  /** The schema's tables that are there. */
  readonly tables: readonly string[];
  readonly polls: number;
  readonly ballots: number;
  /** When ballots were stored last; `undefined`: never, or not for days. */
  readonly newestMs: number | undefined;
}

export interface RestoreInput {
  readonly bytes: AsyncIterable<Buffer>;
  /** Those of this program. */
  readonly migrations: readonly Migration[];
  readonly live: LiveContent;
  /** Called with the number of rows that are loaded. */
  readonly progress: (rows: number) => void;
}

export interface Restored {
  readonly header: BackupHeader;
  readonly rows: Readonly<Record<string, number>>;
  readonly generation: string;
}

/** This process keeps it: who runs now is not in a backup. */
const keptTable = "processes";
const progressEveryRows = 1_000;

/** What a restore would replace. @throws StoreFailure. */
export async function readLive(
  session: Session,
  migrations: readonly Migration[],
): Promise<LiveContent> {
  const known = [...tablesOf(migrations), "migrations"];
  const tables = (await existingTables(session)).filter(name => known.includes(name));
  if (!tables.includes("polls")) return { tables, polls: 0, ballots: 0, newestMs: undefined };
  const [row] = await session.rows<
    Row & { readonly polls: number; readonly ballots: number | null; readonly newest: Date | null }
  >(
    "live",
    `SELECT (SELECT COUNT(*) FROM polls) AS polls, (SELECT SUM(ballots) FROM poll_totals) AS ballots,
       (SELECT MAX(committed_at) FROM batches) AS newest`,
  );
  return {
    tables,
    polls: Number(row?.polls ?? 0),
    ballots: Number(row?.ballots ?? 0),
    newestMs: row?.newest?.getTime(),
  };
}

/**
 * Restores a backup.
 *
 * @throws DamagedBackup, SchemaMismatch, StoreFailure: nothing has changed, unless `generation` has.
 */
export async function restoreBackup(session: Session, input: RestoreInput): Promise<Restored> {
  const { live, migrations } = input;
  const tables = tablesOf(migrations);
  await nameForeignKeys(session);
  await dropTables(session, stagedPrefix, discardedPrefix);
  const { header, tableHeaders, rows } = await load(session, input, tables);
  await migrateStaged(session, migrations.slice(header.migrations.length), tables);
  const generation = await noteRestore(session, header, live.tables.includes("site"));
  for (const table of tables) {
    const nextInBackup = tableHeaders.get(table)?.nextNumber;
    await skipNumbers(session, table, nextInBackup, live.tables.includes(table));
  }
  const isLive = live.tables.length > 0;
  if (isLive) {
    await session.run("drop_kept", `DROP TABLE ${stagedPrefix}${keptTable}`);
    await carryOver(session, "before the swap");
  }
  const swapped = [...tables, "migrations"].filter(name => !isLive || name !== keptTable);
  await swapTables(
    session,
    swapped,
    swapped.filter(name => live.tables.includes(name)),
  );
  if (isLive) await carryOver(session, "after the swap");
  await dropTables(session, discardedPrefix);
  await nameForeignKeys(session);
  return { header, rows, generation };
}

interface Loaded {
  readonly header: BackupHeader;
  readonly tableHeaders: ReadonlyMap<string, TableHeader>;
  readonly rows: Readonly<Record<string, number>>;
}

/** Loads the whole backup into tables of its own schema. */
async function load(
  session: Session,
  { bytes, migrations, progress }: RestoreInput,
  tables: readonly string[],
): Promise<Loaded> {
  const tableHeaders = new Map<string, TableHeader>();
  const rows: Record<string, number> = {};
  let header: BackupHeader | undefined;
  let current: { readonly table: string; readonly load: TableLoad } | undefined;
  let total = 0;
  for await (const part of readBackup(bytes)) {
    if ("header" in part) {
      header = part.header;
      const known = schemaOf(header, migrations);
      await migrateStaged(session, known, tables);
    } else if ("table" in part) {
      await current?.load.end();
      const { table } = part.table;
      if (!tables.includes(table) || tablesLeftOut.includes(table) || tableHeaders.has(table)) {
        throw new DamagedBackup(`the backup has a table ${table} where there must be none`);
      }
      tableHeaders.set(table, part.table);
      rows[table] = 0;
      current = { table, load: await TableLoad.begin(session, part.table) };
    } else if (current) {
      await current.load.add(part.row);
      rows[current.table] = (rows[current.table] ?? 0) + 1;
      total += 1;
      if (total % progressEveryRows === 0) progress(total);
    }
  }
  await current?.load.end();
  if (!header || !current) throw new DamagedBackup("the backup is empty");
  return { header, tableHeaders, rows };
}

/** The migrations that the backup's database had: the first ones of this program's. */
function schemaOf(
  { migrations: names, version }: BackupHeader,
  migrations: readonly Migration[],
): readonly Migration[] {
  const unknown = names.find((name, index) => migrations[index]?.name !== name);
  if (unknown === undefined) return migrations.slice(0, names.length);
  throw new SchemaMismatch(
    `the backup is of Floodgate ${version} with the schema ${unknown}, which this program does not have: ` +
      "restore it with that version or a later one",
  );
}

/** Writes the new generation, and what was restored, into the tables beside the live ones. The site stays the same one. */
async function noteRestore(
  session: Session,
  { at }: BackupHeader,
  isSiteKnown: boolean,
): Promise<string> {
  const generation = randomBytes(8).toString("hex");
  await session.run(
    "site_restored",
    `UPDATE ${stagedPrefix}site
     SET generation = ?, backed_up_at = ?, restored_at = NOW(3), restored_from = ? WHERE id = 1`,
    [generation, new Date(at), new Date(at)],
  );
  if (isSiteKnown) {
    await session.run(
      "site_kept",
      `UPDATE ${stagedPrefix}site AS restored JOIN site AS live ON live.id = restored.id
       SET restored.site_id = live.site_id`,
    );
  }
  return generation;
}
