/**
 * The tables of the fake MySQL: rows by primary key, and their history, so that a replica that lags or a backup can be
 * put in their place.
 *
 * Invariant: a row is never changed, only replaced, so a copy of the maps is a snapshot.
 */
export type Cell = number | string | Buffer | Date | null;
export type TableRow = Readonly<Record<string, Cell>>;

export const tableNames = [
  "polls",
  "options",
  "poll_totals",
  "option_totals",
  "ballots",
  "batches",
  "checkpoints",
  "dead_letters",
  "acceptances",
  "processes",
  "reopenings",
  "site",
  "gone_polls",
  "former_slugs",
  "server_lists",
] as const;

export type TableName = (typeof tableNames)[number];
export type Rows = ReadonlyMap<string, TableRow>;
/** What a transaction writes; `undefined`: the row is deleted. */
export type Changes = ReadonlyMap<TableName, ReadonlyMap<string, TableRow | undefined>>;

interface Commit {
  readonly atMs: number;
  readonly before: readonly (readonly [TableName, string, TableRow | undefined])[];
  readonly nextIds: ReadonlyMap<TableName, number>;
}

export class Tables {
  readonly #rows = new Map<TableName, Map<string, TableRow>>(
    tableNames.map(name => [name, new Map()]),
  );
  #nextIds = new Map<TableName, number>();
  readonly #commits: Commit[] = [];

  rows(table: TableName): Rows {
    return this.#rows.get(table) as Map<string, TableRow>;
  }

  /** All tables as they are now. */
  snapshot(): ReadonlyMap<TableName, Rows> {
    return new Map(tableNames.map(name => [name, new Map(this.rows(name))]));
  }

  /** The next number of a table; like InnoDB's, it is not given back by a rollback. */
  nextId(table: TableName): number {
    const id = this.#nextIds.get(table) ?? 1;
    this.#nextIds.set(table, id + 1);
    return id;
  }

  commit(changes: Changes, atMs: number): void {
    const before: [TableName, string, TableRow | undefined][] = [];
    for (const [table, rows] of changes) {
      const stored = this.#rows.get(table) as Map<string, TableRow>;
      for (const [key, row] of rows) {
        before.push([table, key, stored.get(key)]);
        if (row) stored.set(key, row);
        else stored.delete(key);
      }
    }
    if (before.length > 0) this.#commits.push({ atMs, before, nextIds: new Map(this.#nextIds) });
  }

  /** Takes back every commit after a moment, and the numbers that were given since. Returns how many. */
  goBackTo(atMs: number): number {
    let undone = 0;
    for (let last = this.#commits.at(-1); last && last.atMs > atMs; last = this.#commits.at(-1)) {
      this.#commits.pop();
      for (const [table, key, row] of [...last.before].reverse()) {
        const stored = this.#rows.get(table) as Map<string, TableRow>;
        if (row) stored.set(key, row);
        else stored.delete(key);
      }
      undone += 1;
    }
    if (undone > 0) this.#nextIds = new Map(this.#commits.at(-1)?.nextIds);
    return undone;
  }
}
