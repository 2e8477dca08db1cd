/**
 * The tables beside the live ones: a restore makes and fills them, swaps them with the live ones in one statement, and
 * keeps those that it has replaced.
 *
 * Invariant: until the swap, the live tables are untouched, and so are those that an earlier restore has replaced. The
 *   swap waits for transactions that use them, and the next ones wait for it. So no flush is half in the old tables
 *   and half in the new ones.
 */
import { SECOND, sleep } from "../base/clock.ts";
import type { Row } from "../store/database.ts";
import { isStoreFailure } from "../store/failure.ts";
import type { Cell, TableHeader } from "./backup-format.ts";
import type { Session } from "./session.ts";
import {
  discardedPrefix,
  type Migration,
  replacedPrefix,
  staged,
  stagedPrefix,
} from "./staged-schema.ts";

const rowsPerInsert = 500;
const charactersPerInsert = 262_144;
const insertsPerCommit = 50;
/** How long flushes may have to wait behind a statement of ours that waits for others. */
const lockWaitSeconds = 5;
const swapPauseMs = 3 * SECOND;
const swapAttempts = 10;

/** The tables of the database. */
export async function existingTables(session: Session): Promise<string[]> {
  const rows = await session.rows<Row & { readonly name: string }>(
    "existing",
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'`,
  );
  return rows.map(({ name }) => name);
}

/** Deletes the tables that begin with one of these prefixes. */
export async function dropTables(session: Session, ...prefixes: readonly string[]): Promise<void> {
  const tables = (await existingTables(session)).filter(name =>
    prefixes.some(prefix => name.startsWith(prefix)),
  );
  if (tables.length === 0) return;
  await session.run("no_keys", "SET SESSION foreign_key_checks = 0");
  await session.run("drop", `DROP TABLE ${tables.map(name => `\`${name}\``).join(", ")}`);
}

/** Applies migrations to the tables beside the live ones, and notes them there. */
export async function migrateStaged(
  session: Session,
  migrations: readonly Migration[],
  tables: readonly string[],
): Promise<void> {
  await session.run(
    "migrations_table",
    `CREATE TABLE IF NOT EXISTS ${stagedPrefix}migrations (
       name        VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
       breaking    BOOLEAN      NOT NULL COMMENT 'programs without this file must not run',
       started_at  DATETIME(3)  NOT NULL,
       finished_at DATETIME(3)  NULL,
       PRIMARY KEY (name)
     ) ENGINE = InnoDB`,
  );
  for (const { name, breaking, statements } of migrations) {
    for (const statement of statements) await session.run("migrate", staged(statement, tables));
    await session.run(
      "migrated",
      `INSERT INTO ${stagedPrefix}migrations VALUES (?, ?, NOW(3), NOW(3))`,
      [name, breaking],
    );
  }
}

/** Fills one table beside the live ones. */
export class TableLoad {
  readonly #session: Session;
  readonly #into: string;
  readonly #binary: readonly boolean[];
  #rows: (string | Buffer | null)[][] = [];
  #characters = 0;
  #inserts = 0;

  private constructor(session: Session, { table, columns, binary }: TableHeader) {
    this.#session = session;
    const names = columns.map(column => `\`${column}\``).join(", ");
    this.#into = `\`${stagedPrefix}${table}\` (${names})`;
    this.#binary = columns.map(column => binary.includes(column));
  }

  /** Begins with an empty table: a migration may have put rows into it. */
  static async begin(session: Session, table: TableHeader): Promise<TableLoad> {
    await session.run("unchecked", "SET SESSION foreign_key_checks = 0, unique_checks = 0");
    await session.run("load_start", "START TRANSACTION");
    await session.run("empty", `DELETE FROM \`${stagedPrefix}${table.table}\``);
    return new TableLoad(session, table);
  }

  /** @throws StoreFailure. */
  async add(cells: readonly Cell[]): Promise<void> {
    const values = cells.map((cell, index) =>
      cell !== null && this.#binary[index] ? Buffer.from(cell, "base64") : cell,
    );
    this.#rows.push(values);
    this.#characters += cells.reduce((sum, cell) => sum + (cell?.length ?? 0), 0);
    const isFull = this.#rows.length >= rowsPerInsert || this.#characters >= charactersPerInsert;
    if (isFull) await this.#insert();
  }

  async end(): Promise<void> {
    await this.#insert();
    await this.#session.run("load_end", "COMMIT");
  }

  async #insert(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    this.#characters = 0;
    if (rows.length === 0) return;
    await this.#session.run("load", `INSERT INTO ${this.#into} VALUES ?`, [rows]);
    this.#inserts += 1;
    if (this.#inserts % insertsPerCommit > 0) return;
    await this.#session.run("load_commit", "COMMIT");
    await this.#session.run("load_start", "START TRANSACTION");
  }
}

/** Lets statements that need a whole table give up soon. */
export async function limitLockWaits(session: Session): Promise<void> {
  await session.run("lock_waits", `SET SESSION lock_wait_timeout = ${lockWaitSeconds}`);
}

/**
 * Puts the tables beside the live ones into their places, all at once. The tables that an earlier restore has
 * replaced, which have no foreign keys any more, get another name in the same statement, and can be deleted after it.
 *
 * @param live - those live tables that are replaced.
 * @throws StoreFailure when others have not let go of the tables: nothing has changed.
 */
export async function swapTables(
  session: Session,
  tables: readonly string[],
  live: readonly string[],
): Promise<void> {
  const replaced = (await existingTables(session)).filter(name => name.startsWith(replacedPrefix));
  const renames = [
    ...replaced.map(name => `\`${name}\` TO \`${name.replace(replacedPrefix, discardedPrefix)}\``),
    ...live.map(name => `\`${name}\` TO \`${replacedPrefix}${name}\``),
    ...tables.map(name => `\`${stagedPrefix}${name}\` TO \`${name}\``),
  ];
  await limitLockWaits(session);
  for (let attempt = 1; ; attempt++) {
    try {
      return await session.run("swap", `RENAME TABLE ${renames.join(", ")}`);
    } catch (error) {
      if (!isStoreFailure(error, "contention") || attempt === swapAttempts) throw error;
      await sleep(swapPauseMs);
    }
  }
}
