/**
 * One transaction of the fake MySQL, READ COMMITTED: it sees what is committed and what it wrote itself. With a
 * consistent snapshot it sees what was committed when it began.
 */
import type { LockMode, Locks } from "./locks.ts";
import type { Rows, TableName, TableRow, Tables } from "./tables.ts";

export class Transaction {
  readonly #tables: Tables;
  readonly #locks: Locks;
  readonly #snapshot: ReadonlyMap<TableName, Rows> | undefined;
  readonly #changes = new Map<TableName, Map<string, TableRow | undefined>>();
  /** The changes that had been made when the savepoint was set. */
  #saved: [TableName, Map<string, TableRow | undefined>][] | undefined;
  /** MySQL's clock, when the statement under way began. */
  nowMs = 0;

  constructor(tables: Tables, locks: Locks, withSnapshot: boolean) {
    this.#tables = tables;
    this.#locks = locks;
    this.#snapshot = withSnapshot ? tables.snapshot() : undefined;
  }

  get hasWritten(): boolean {
    return this.#changes.size > 0;
  }

  get changes(): ReadonlyMap<TableName, ReadonlyMap<string, TableRow | undefined>> {
    return this.#changes;
  }

  row(table: TableName, key: string): TableRow | undefined {
    const own = this.#changes.get(table);
    if (own?.has(key)) return own.get(key);
    return this.#stored(table).get(key);
  }

  /** The rows in the order of their keys' insertion, with those that this transaction wrote. */
  rows(table: TableName): TableRow[] {
    const own = this.#changes.get(table);
    if (!own) return [...this.#stored(table).values()];
    const merged = new Map(this.#stored(table));
    for (const [key, row] of own) {
      if (row) merged.set(key, row);
      else merged.delete(key);
    }
    return [...merged.values()];
  }

  put(table: TableName, key: string, row: TableRow): void {
    this.#changesOf(table).set(key, row);
  }

  remove(table: TableName, key: string): void {
    this.#changesOf(table).set(key, undefined);
  }

  nextId(table: TableName): number {
    return this.#tables.nextId(table);
  }

  /** @throws MysqlError 1213, 1205. */
  async lock(table: TableName, key: string, mode: LockMode = "exclusive"): Promise<void> {
    await this.#locks.take(this, `${table}:${key}`, mode);
  }

  tryLock(table: TableName, key: string): boolean {
    return this.#locks.tryTake(this, `${table}:${key}`, "exclusive");
  }

  /** There is one savepoint at most: the product sets no others. */
  savepoint(): void {
    this.#saved = [...this.#changes].map(([table, rows]) => [table, new Map(rows)]);
  }

  /** Takes back what was changed since the savepoint; locks stay. False: there is none. */
  rollbackToSavepoint(): boolean {
    if (!this.#saved) return false;
    this.#changes.clear();
    for (const [table, rows] of this.#saved) this.#changes.set(table, new Map(rows));
    return true;
  }

  commit(): void {
    this.#tables.commit(this.#changes, this.nowMs);
    this.#locks.release(this);
  }

  rollback(): void {
    this.#changes.clear();
    this.#locks.release(this);
  }

  #stored(table: TableName): Rows {
    return this.#snapshot?.get(table) ?? this.#tables.rows(table);
  }

  #changesOf(table: TableName): Map<string, TableRow | undefined> {
    const changes = this.#changes.get(table) ?? new Map<string, TableRow | undefined>();
    this.#changes.set(table, changes);
    return changes;
  }
}
