/**
 * Writes a backup: every table as of one moment, in one read-only transaction. Rows are streamed, so memory does not
 * grow with the tables, and no flush waits.
 */
import type { Row } from "../store/database.ts";
import {
  type BackupHeader,
  formatVersion,
  LineHash,
  type TableHeader,
  tablesLeftOut,
} from "./backup-format.ts";
import type { Session, TextRow } from "./session.ts";

export interface BackupProgress {
  /** The table that is being read. */
  readonly table: string;
  readonly rows: number;
  /** All tables together, as MySQL estimates it. */
  readonly rowsExpected: number;
}

interface TableRow extends Row {
  readonly name: string;
  readonly rows_about: number | null;
}

interface ColumnRow extends Row {
  readonly table_name: string;
  readonly column_name: string;
  readonly data_type: string;
}

const chunkBytes = 65_536;
/** A slow reader of the backup may leave MySQL waiting for this long. */
const readerSeconds = 3_600;
const progressEveryRows = 1_000;

/** Opens the transaction that the backup is read in. */
async function begin(session: Session): Promise<void> {
  await session.run("patience", `SET SESSION net_write_timeout = ${readerSeconds}`);
  await session.run("isolation", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
  await session.run("start", "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
}

/** What a backup contains, before its rows. */
async function readHeader(session: Session, version: string): Promise<BackupHeader> {
  const [site] = await session.rows<Row & { readonly generation: string; readonly now: Date }>(
    "site",
    "SELECT generation, NOW(3) AS now FROM site WHERE id = 1",
  );
  const migrations = await session.rows<Row & { readonly name: string }>(
    "migrations",
    "SELECT name FROM migrations ORDER BY name",
  );
  return {
    floodgateBackup: formatVersion,
    version,
    at: (site?.now ?? new Date()).toISOString(),
    generation: site?.generation ?? "",
    migrations: migrations.map(({ name }) => name),
  };
}

/** The tables of the schema that are in a backup; not those that a restore keeps beside them. */
async function readTables(session: Session, known: readonly string[]): Promise<TableRow[]> {
  const tables = await session.rows<TableRow>(
    "tables",
    `SELECT table_name AS name, table_rows AS rows_about FROM information_schema.tables
     WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' ORDER BY table_name`,
  );
  return tables.filter(({ name }) => known.includes(name) && !tablesLeftOut.includes(name));
}

async function readTableHeaders(
  session: Session,
  tables: readonly TableRow[],
): Promise<TableHeader[]> {
  const columns = await session.rows<ColumnRow>(
    "columns",
    `SELECT table_name AS table_name, column_name AS column_name, data_type AS data_type
     FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position`,
  );
  const headers: TableHeader[] = [];
  for (const { name } of tables) {
    const own = columns.filter(({ table_name }) => table_name === name);
    const binary = own.filter(({ data_type }) => /binary|blob/i.test(data_type));
    const nextNumber = await readNextNumber(session, name);
    headers.push({
      table: name,
      columns: own.map(({ column_name }) => column_name),
      binary: binary.map(({ column_name }) => column_name),
      ...(nextNumber !== undefined && { nextNumber }),
    });
  }
  return headers;
}

/** The number that a table's next row gets; `undefined`: it does not number its rows. */
export async function readNextNumber(session: Session, table: string): Promise<string | undefined> {
  const [row] = await session.rows<Row & { readonly "Create Table": string }>(
    "show_create",
    `SHOW CREATE TABLE \`${table}\``,
  );
  const text = row?.["Create Table"] ?? "";
  if (!/ AUTO_INCREMENT,?$/m.test(text)) return undefined;
  return / AUTO_INCREMENT=(\d+)/.exec(text)?.[1] ?? "1";
}

export interface BackupSummary {
  readonly atMs: number;
  readonly rows: Readonly<Record<string, number>>;
}

/**
 * A backup: its bytes, not compressed yet, and once they are read, what is in it.
 *
 * @param known - the tables of this program's schema.
 * @throws StoreFailure while the bytes are read: a restore refuses what was written until then.
 */
export function writeBackup(
  session: Session,
  version: string,
  known: readonly string[],
  progress: (progress: BackupProgress) => void,
): { readonly chunks: AsyncIterable<string>; readonly summary: () => BackupSummary } {
  const hash = new LineHash();
  let atMs = 0;
  async function* chunks() {
    await begin(session);
    const header = await readHeader(session, version);
    atMs = Date.parse(header.at);
    const tables = await readTables(session, known);
    const rowsExpected = tables.reduce((sum, { rows_about }) => sum + Number(rows_about), 0);
    let chunk = `${JSON.stringify(header)}\n`;
    let rows = 0;
    for (const table of await readTableHeaders(session, tables)) {
      chunk += `${JSON.stringify(table)}\n`;
      hash.rows[table.table] = 0;
      for await (const line of tableLines(session, table)) {
        chunk += line;
        hash.rows[table.table] = (hash.rows[table.table] ?? 0) + 1;
        rows += 1;
        if (rows % progressEveryRows === 0) progress({ table: table.table, rows, rowsExpected });
        if (chunk.length < chunkBytes) continue;
        hash.add(chunk);
        yield chunk;
        chunk = "";
      }
    }
    hash.add(chunk);
    yield chunk;
    yield `${JSON.stringify(hash.end())}\n`;
  }
  return { chunks: chunks(), summary: () => ({ atMs, rows: hash.rows }) };
}

async function* tableLines(
  session: Session,
  { table, columns, binary }: TableHeader,
): AsyncGenerator<string> {
  const isBinary = columns.map(column => binary.includes(column));
  const names = columns.map(column => `\`${column}\``).join(", ");
  const toCell = (value: TextRow[number], index: number) =>
    value === null ? null : value.toString(isBinary[index] ? "base64" : "utf8");
  for await (const row of session.stream("rows", `SELECT ${names} FROM \`${table}\``)) {
    yield `${JSON.stringify(row.map(toCell))}\n`;
  }
}
