/**
 * Restores a backup into the database of a site that may be running.
 *
 * The backup is loaded into tables beside the live ones, in the schema that it was made with, and brought to the
 * present one there. When it turns out to be whole, these tables take the places of the live ones in one statement,
 * with a new generation, which fronts and workers notice. Ballots wait in memcached meanwhile.
 *
 * Invariant: whatever happens before the swap (a damaged backup, a crash, a lost connection), the site stays as it
 *   was. What is left to do after it does not change that the backup is live; `floodgate migrate` does it.
 */
import { randomBytes } from "node:crypto";
import { SECOND } from "../base/clock.ts";
import { retry } from "../base/retry.ts";
import type { Row } from "../store/database.ts";
import { isStoreFailure } from "../store/failure.ts";
import { SchemaMismatch } from "../store/migrate.ts";
import type { GonePoll } from "../store/restores.ts";
import type { BackupHeader, TableHeader } from "./backup-format.ts";
import { tablesLeftOut } from "./backup-format.ts";
import { carryOver, skipNumbers } from "./carry-over.ts";
import { finishRestore } from "./finish-restore.ts";
import { hasStagedKeys } from "./foreign-keys.ts";
import { DamagedBackup, readBackup } from "./read-backup.ts";
import { SchemaInUse, type Session } from "./session.ts";
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
  /** It has polls, or processes have run with it. */
  readonly isUsed: boolean;
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
  /** Polls that the replaced database had and the backup lacks. */
  readonly gone: readonly GonePoll[];
  /** Why the restore could not be finished (`finishRestore`), although the backup is live. */
  readonly unfinished: Error | undefined;
}

/** An earlier restore was not finished; it is now, and this one has not begun. */
export class FinishedEarlierRestore extends Error {}

/** MySQL did not answer the swap, nor the question what came of it. */
export class SwapUnanswered extends Error {}

/**
 * Tables that a restore leaves as they are: the processes that run now, and the memcached servers that they have
 * agreed on. Into an empty database come empty ones. What has run since the backup is in memcached: processes that run
 * write the list again, and the first one that starts takes the list that workers have published there
 * (`AgreedServers`). A list of the backup's time could be older than that, and on another machine it would name
 * servers of the site.
 */
const keptTables: readonly string[] = ["processes", "server_lists"];
const progressEveryRows = 1_000;
/** For the question what came of the swap. */
const askingAgain = { firstMs: SECOND / 2, maxMs: 3 * SECOND, withinMs: 30 * SECOND };

/** What a restore would replace. @throws StoreFailure. */
export async function readLive(
  session: Session,
  migrations: readonly Migration[],
): Promise<LiveContent> {
  const known = [...tablesOf(migrations), "migrations"];
  const tables = (await existingTables(session)).filter(name => known.includes(name));
  if (!tables.includes("polls")) {
    return { tables, polls: 0, ballots: 0, newestMs: undefined, isUsed: false };
  }
  // A schema of release 0.2.0 has no such table; whether it fits is checked later.
  const processes = tables.includes("processes") ? "(SELECT COUNT(*) FROM processes)" : "0";
  const [row] = await session.rows<
    Row & {
      readonly polls: number;
      readonly processes: number;
      readonly ballots: number | null;
      readonly newest: Date | null;
    }
  >(
    "live",
    `SELECT (SELECT COUNT(*) FROM polls) AS polls, (SELECT SUM(ballots) FROM poll_totals) AS ballots,
       (SELECT MAX(committed_at) FROM batches) AS newest, ${processes} AS processes`,
  );
  return {
    tables,
    polls: Number(row?.polls ?? 0),
    ballots: Number(row?.ballots ?? 0),
    newestMs: row?.newest?.getTime(),
    isUsed: Number(row?.polls) > 0 || Number(row?.processes) > 0,
  };
}

/**
 * Restores a backup, or finishes an earlier restore.
 *
 * @throws DamagedBackup, SchemaMismatch, StoreFailure, SchemaInUse, FinishedEarlierRestore: nothing has changed;
 *   SwapUnanswered: the backup may be live.
 */
export async function restoreBackup(session: Session, input: RestoreInput): Promise<Restored> {
  const { live, migrations } = input;
  const tables = tablesOf(migrations);
  if (await hasStagedKeys(session)) {
    // The tables that it has kept are the site's own: to go on would delete them.
    await finishRestore(session);
    throw new FinishedEarlierRestore(
      "an earlier restore was cut off when its backup was live already, and is finished now",
    );
  }
  await dropTables(session, stagedPrefix, discardedPrefix);
  const { header, tableHeaders, rows } = await load(session, input, tables);
  await migrateStaged(session, migrations.slice(header.migrations.length), tables);
  const generation = await noteRestore(session, header, live.isUsed);
  for (const table of tables) {
    const nextInBackup = tableHeaders.get(table)?.nextNumber;
    await skipNumbers(session, table, nextInBackup, live.tables.includes(table));
  }
  const isLive = live.tables.length > 0;
  if (isLive) {
    const dropped = keptTables.map(name => `${stagedPrefix}${name}`);
    await session.run("drop_kept", `DROP TABLE ${dropped.join(", ")}`);
    await carryOver(session, "before the swap");
  }
  const swapped = [...tables, "migrations"].filter(name => !isLive || !keptTables.includes(name));
  const gone = await readGone(session, stagedPrefix);
  const replaced = swapped.filter(name => live.tables.includes(name));
  await swap(session, swapped, replaced, generation);
  const unfinished = await failureOf(finishRestore(session));
  // Without an answer: those that were gone when the swap began.
  const allGone = await readGone(session, "").catch(() => gone);
  return { header, rows, generation, gone: allGone, unfinished };
}

/** @throws StoreFailure: nothing has changed; SwapUnanswered. */
async function swap(
  session: Session,
  tables: readonly string[],
  replaced: readonly string[],
  generation: string,
): Promise<void> {
  try {
    await swapTables(session, tables, replaced);
  } catch (error) {
    // MySQL may have executed it all the same.
    if (!isStoreFailure(error, "unavailable")) throw error;
    if (!(await hasGeneration(session, generation))) throw error;
  }
}

/** Asks on another connection. @throws SwapUnanswered. */
async function hasGeneration(session: Session, generation: string): Promise<boolean> {
  const ask = async () => {
    await session.reconnect();
    if (!(await existingTables(session)).includes("site")) return false;
    const rows = await session.rows<Row>("generation", "SELECT id FROM site WHERE generation = ?", [
      generation,
    ]);
    return rows.length > 0;
  };
  const isPassing = (error: unknown) => isStoreFailure(error) || error instanceof SchemaInUse;
  return retry(ask, { ...askingAgain, retryable: isPassing }).catch(cause => {
    throw new SwapUnanswered("MySQL has not said whether the backup is live", { cause });
  });
}

async function failureOf(finished: Promise<void>): Promise<Error | undefined> {
  try {
    await finished;
    return undefined;
  } catch (error) {
    if (isStoreFailure(error) || error instanceof SchemaInUse) return error;
    throw error;
  }
}

async function readGone(session: Session, prefix: string): Promise<GonePoll[]> {
  const rows = await session.rows<Row & GonePoll>(
    "gone",
    `SELECT id, slug, question, accepted FROM ${prefix}gone_polls ORDER BY id`,
  );
  return rows.map(({ id, slug, question, accepted }) => {
    return { id, slug, question, accepted: Number(accepted) };
  });
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

/**
 * Writes the new generation, and what was restored, into the tables beside the live ones.
 *
 * A database that is used keeps its site's id: its processes have that one in memory and in memcached. One that is not
 * used becomes that of the backup's site, whose processes may be running without MySQL: with a new id, they would
 * refuse every process that starts.
 */
async function noteRestore(
  session: Session,
  { at }: BackupHeader,
  isUsed: boolean,
): Promise<string> {
  const generation = randomBytes(8).toString("hex");
  await session.run(
    "site_restored",
    `UPDATE ${stagedPrefix}site
     SET generation = ?, backed_up_at = ?, restored_at = NOW(3), restored_from = ? WHERE id = 1`,
    [generation, new Date(at), new Date(at)],
  );
  if (isUsed) {
    await session.run(
      "site_kept",
      `UPDATE ${stagedPrefix}site AS restored JOIN site AS live ON live.id = restored.id
       SET restored.site_id = live.site_id`,
    );
  }
  return generation;
}
