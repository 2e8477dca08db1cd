/** What the statements of the fake MySQL have in common: their arguments, results, and how literals are read. */
import type { Cell, TableName, TableRow } from "./tables.ts";
import type { Transaction } from "./transaction.ts";

export interface Call {
  readonly values: readonly Cell[];
  /** The statement's text, with its literals where it has no placeholders. */
  readonly text: string;
  /** The bytes of a LOAD DATA LOCAL. */
  readonly loaded?: Buffer | undefined;
  readonly server: ServerSettings;
}

/** What an operator or a fault changes at the server. */
export interface ServerSettings {
  readonly localInfile: boolean;
  readonly refusedVoters: ReadonlySet<string>;
}

export interface Written {
  readonly affectedRows: number;
  readonly insertId: number;
  readonly warningStatus?: number;
}

/** Gives rows, or what was written. May throw a MysqlError; then the statement has no effect. */
export type Statement = (
  tx: Transaction,
  call: Call,
) => readonly object[] | Written | Promise<readonly object[] | Written>;

export type Statements = Readonly<Record<string, Statement>>;

export const written = (affectedRows: number, insertId = 0): Written => ({
  affectedRows,
  insertId,
});

export const time = (cell: Cell | undefined): number | undefined =>
  cell instanceof Date ? cell.getTime() : undefined;

export const key = (...parts: readonly (Cell | undefined)[]): string =>
  parts.map(part => (Buffer.isBuffer(part) ? part.toString("hex") : String(part))).join(":");

/** True when the rows are equal, cell by cell. */
export function isSame(a: TableRow, b: TableRow): boolean {
  return Object.entries(b).every(([column, cell]) => {
    const other = a[column];
    if (Buffer.isBuffer(cell)) return Buffer.isBuffer(other) && cell.equals(other);
    if (cell instanceof Date) return time(other) === cell.getTime();
    return other === cell;
  });
}

/** The rows behind `VALUES`: hex, quoted texts and times, numbers. */
export function literalRows(text: string): Cell[][] {
  const values = text.slice(text.search(/\bVALUES\b/) + "VALUES".length).split("ON DUPLICATE")[0];
  return tuples(values ?? "");
}

/** The tuples behind `IN`: of one literal each, or of several. */
export function literalsIn(text: string): Cell[][] {
  const list = /\bIN \((.*)\)/s.exec(text)?.[1] ?? "";
  return list.includes("(") ? tuples(list) : list.split(",").map(each => [literal(each.trim())]);
}

function tuples(text: string): Cell[][] {
  return [...text.matchAll(/\(([^()]*)\)/g)].map(([, inside = ""]) =>
    inside.split(",").map(each => literal(each.trim())),
  );
}

function literal(text: string): Cell {
  if (text === "''") return Buffer.alloc(0);
  if (text.startsWith("0x")) return Buffer.from(text.slice(2), "hex");
  if (!text.startsWith("'")) return Number(text);
  const inside = text.slice(1, -1);
  return /^\d{4}-\d\d-\d\d /.test(inside) ? new Date(`${inside.replace(" ", "T")}Z`) : inside;
}

/** Locks the rows of a table that match, one after the other; gives those that still match. */
export async function lockWhere(
  tx: Transaction,
  table: TableName,
  keyOf: (row: TableRow) => string,
  matches: (row: TableRow) => boolean,
): Promise<TableRow[]> {
  const keys = tx.rows(table).filter(matches).map(keyOf).sort();
  const found: TableRow[] = [];
  for (const each of keys) {
    await tx.lock(table, each);
    const row = tx.row(table, each);
    if (row && matches(row)) found.push(row);
  }
  return found;
}

/** UPDATE … WHERE: changes the rows that match, and counts those that became different. */
export async function update(
  tx: Transaction,
  table: TableName,
  keyOf: (row: TableRow) => string,
  matches: (row: TableRow) => boolean,
  change: (row: TableRow) => Partial<Record<string, Cell>>,
): Promise<Written> {
  let changed = 0;
  for (const row of await lockWhere(tx, table, keyOf, matches)) {
    const next = { ...row, ...change(row) } as TableRow;
    if (isSame(row, next)) continue;
    tx.put(table, keyOf(row), next);
    changed += 1;
  }
  return written(changed);
}

/** INSERT … ON DUPLICATE KEY UPDATE: counts 1 for a new row, 2 for one that became different. */
export async function upsert(
  tx: Transaction,
  table: TableName,
  rowKey: string,
  fresh: TableRow,
  change: (row: TableRow) => Partial<Record<string, Cell>>,
): Promise<number> {
  await tx.lock(table, rowKey);
  const row = tx.row(table, rowKey);
  const next = row ? ({ ...row, ...change(row) } as TableRow) : fresh;
  if (row && isSame(row, next)) return 0;
  tx.put(table, rowKey, next);
  return row ? 2 : 1;
}
