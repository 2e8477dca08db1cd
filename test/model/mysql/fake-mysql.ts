/**
 * A MySQL server in memory, at the level of the product's statements: each is known by its name, and one that is not
 * known throws at once, so the fake can't fall behind the product unnoticed. `fake-mysql.test.ts` compares it with a real
 * MariaDB.
 *
 * It has transactions (READ COMMITTED, consistent snapshots), row locks, a clock of its own, and a history: it can be
 * set back to what it was at an earlier moment, as after a failover to a replica that lagged or after the restore of a
 * backup.
 */
import {
  ballotStatements,
  batchStatements,
  bookStatements,
  checkpointStatements,
  totalStatements,
} from "./ballot-statements.ts";
import { mysqlError } from "./errors.ts";
import { fleetStatements } from "./fleet-statements.ts";
import { letterStatements } from "./letter-statements.ts";
import { loadStatements } from "./load-statements.ts";
import { Locks } from "./locks.ts";
import { pollStatements } from "./poll-statements.ts";
import { serverStatements } from "./server-statements.ts";
import type { Statements } from "./statement.ts";
import { type Cell, type TableRow, Tables } from "./tables.ts";
import { Transaction } from "./transaction.ts";

const statements: Statements = {
  ...ballotStatements,
  ...batchStatements,
  ...bookStatements,
  ...checkpointStatements,
  ...fleetStatements,
  ...letterStatements,
  ...loadStatements,
  ...pollStatements,
  ...serverStatements,
  ...totalStatements,
};

export interface FakeMysqlOptions {
  /** The server's clock. */
  readonly nowMs: () => number;
  /** Runs something after a time. */
  readonly after: (ms: number, run: () => void) => void;
}

/** What happens at COMMIT instead of its usual course. */
export type CommitFault = "lost before" | "lost after";

export class FakeMysql {
  readonly options: FakeMysqlOptions;
  readonly tables = new Tables();
  readonly locks: Locks;
  /** Writing statements are refused, with 1290. */
  readOnly = false;
  /** LOAD DATA LOCAL is allowed. */
  localInfile = true;
  /** The number of the error that a statement meets, if any. */
  errorFor: (name: string) => number | undefined = () => undefined;
  /** Voters whose ballots meet a data error, whenever they are inserted. */
  readonly refusedVoters = new Set<string>();
  /** What happens to the next COMMIT of a transaction that wrote. */
  commitFault: () => CommitFault | undefined = () => undefined;
  /** Called with what a transaction is about to change. */
  onCommit: (tx: Transaction) => void = () => {};

  constructor(options: FakeMysqlOptions) {
    this.options = options;
    this.locks = new Locks(options.after);
    this.beginGeneration("first", undefined);
  }

  /** Gives the database a generation, as its migration does and every restore of a backup. */
  beginGeneration(generation: string, restoredFromMs: number | undefined): void {
    const nowMs = this.options.nowMs();
    const restored = restoredFromMs === undefined ? null : new Date(nowMs);
    const row: TableRow = {
      id: 1,
      generation,
      restored_at: restored,
      restored_from: restoredFromMs === undefined ? null : new Date(restoredFromMs),
    };
    this.tables.commit(new Map([["site", new Map([["1", row]])]]), nowMs);
  }

  /** Sets the server back to the state of an earlier moment. The caller has ended all sessions. */
  goBackTo(atMs: number): number {
    return this.tables.goBackTo(atMs);
  }
}

/** A statement as mysql2 takes it: its text, or with the rows that it loads. */
export type Request =
  | string
  | { readonly sql: string; readonly infileStreamFactory: () => { readonly bytes: Buffer } };

export const textOf = (request: Request): string =>
  typeof request === "string" ? request : request.sql;

/** The answer never comes: the connection has ended. */
export class SessionLost extends Error {}

/** The server's side of one connection. */
export class Session {
  readonly #server: FakeMysql;
  #tx: Transaction | undefined;
  /** True from START TRANSACTION to COMMIT or ROLLBACK. */
  #open = false;
  ended = false;

  constructor(server: FakeMysql) {
    this.#server = server;
  }

  get inTransaction(): boolean {
    return this.#open;
  }

  get hasWritten(): boolean {
    return this.#tx?.hasWritten ?? false;
  }

  /** Executes one statement. @throws MysqlError; SessionLost. */
  async execute(request: Request, values: readonly Cell[] = []): Promise<unknown> {
    const text = textOf(request);
    const loaded = typeof request === "string" ? undefined : request.infileStreamFactory().bytes;
    if (this.ended) throw new SessionLost();
    const name = /floodgate:(\S+) /.exec(text)?.[1] ?? "";
    const errno = this.#server.errorFor(name);
    if (errno !== undefined) this.#fail(errno);
    if (name === "ballots.insert" && [...this.#server.refusedVoters].some(v => text.includes(v))) {
      throw mysqlError(1406, "ER_DATA_TOO_LONG");
    }
    if (name.startsWith("transaction.")) return this.#control(name, text);
    const statement = statements[name];
    if (!statement) throw new RangeError(`the fake MySQL does not know the statement ${name}`);
    if (this.#server.readOnly && !/^\/\*[^*]*\*\/ (SELECT|SHOW|SAVEPOINT|ROLLBACK)/.test(text)) {
      throw mysqlError(1290, "ER_OPTION_PREVENTS_STATEMENT");
    }
    const tx = this.#tx ?? this.#newTransaction(false);
    tx.nowMs = Math.floor(this.#server.options.nowMs());
    try {
      const result = await statement(tx, { text, values, loaded, server: this.#server });
      if (this.ended) throw new SessionLost();
      if (!this.#open) this.#commit(tx);
      return Array.isArray(result) ? (result as TableRow[]).map(row => ({ ...row })) : result;
    } catch (error) {
      const isDeadlock = (error as { errno?: number }).errno === 1213;
      // A statement that was under way when the connection ended may have taken locks since.
      if (this.ended || !this.#open || isDeadlock) tx.rollback();
      if (isDeadlock) this.#open = false;
      if (!this.#open) this.#tx = undefined;
      throw error;
    }
  }

  /** The connection is gone: what was not committed is rolled back. */
  end(): void {
    this.ended = true;
    this.#tx?.rollback();
    this.#tx = undefined;
  }

  #fail(errno: number): never {
    if (errno === 1213) {
      this.#tx?.rollback();
      this.#tx = undefined;
      this.#open = false;
    }
    throw mysqlError(errno, `ER_${errno}`);
  }

  #control(name: string, text: string): { affectedRows: 0; insertId: 0 } {
    if (name === "transaction.start") {
      this.#tx?.rollback();
      this.#tx = this.#newTransaction(text.includes("CONSISTENT SNAPSHOT"));
      this.#open = true;
    }
    if (name === "transaction.rollback") this.#tx?.rollback();
    if (name === "transaction.commit" && this.#tx) {
      this.#tx.nowMs = Math.floor(this.#server.options.nowMs());
      const fault = this.#tx.hasWritten ? this.#server.commitFault() : undefined;
      if (fault !== "lost before") this.#commit(this.#tx);
      if (fault !== undefined) {
        this.end();
        throw new SessionLost();
      }
    }
    if (name === "transaction.commit" || name === "transaction.rollback") {
      this.#tx = undefined;
      this.#open = false;
    }
    return { affectedRows: 0, insertId: 0 };
  }

  #commit(tx: Transaction): void {
    if (tx.hasWritten) this.#server.onCommit(tx);
    tx.commit();
    this.#tx = undefined;
  }

  #newTransaction(withSnapshot: boolean): Transaction {
    const { tables, locks } = this.#server;
    return new Transaction(tables, locks, withSnapshot);
  }
}
