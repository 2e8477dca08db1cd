/**
 * The only access to MySQL: a pool, statements and transactions.
 *
 * Invariant: only this module imports mysql2, and its errors leave as `StoreFailure`.
 * Invariant: every session has UTC, strict SQL mode and READ COMMITTED, whatever the server's defaults are; and
 *   `affectedRows` counts changed rows, not found rows (`-FOUND_ROWS`). A connection that could not be set up so
 *   executes nothing.
 * Invariant: MySQL may ask for a file only where `localLoads` says so, and then gets the bytes of the statement that it
 *   executes, never a file.
 * Invariant: on MariaDB, a process that stops in a transaction loses its locks after a few seconds. MySQL has no such
 *   setting and keeps them until the process goes on or ends.
 * Invariant: every statement carries its name as a comment, so that the slow-query log shows its origin.
 */
import {
  type ConnectionOptions,
  createPool,
  format,
  type Pool,
  type PoolConnection,
  type ResultSetHeader,
  type RowDataPacket,
} from "mysql2/promise";
import { inTime } from "../base/clock.ts";
import { readDatabaseUrl } from "../config/database-url.ts";
import {
  isSilence,
  isStoreFailure,
  StoreFailure,
  translate,
  translateConnecting,
} from "./failure.ts";
import { LoadStream } from "./load-data.ts";
import { sessionSetup } from "./session-setup.ts";
import { signInPool } from "./sign-in-pool.ts";

export type Value = string | number | bigint | boolean | Buffer | Date | null;
export type Row = RowDataPacket;

export interface WriteResult {
  /** Number of changed rows; after an insert with an `ON DUPLICATE KEY UPDATE` that changes nothing, of new rows. */
  readonly affectedRows: number;
  readonly insertId: number;
}

export interface LoadResult extends WriteResult {
  /** Warnings of the server: rows that it ignored, values that it changed. */
  readonly warnings: number;
}

/** Statements, inside a transaction or not. */
export interface Database {
  /** The rows of a SELECT. `name` is `module.statement`. */
  rows<R extends Row>(name: string, sql: string, values?: readonly Value[]): Promise<R[]>;
  /** A writing statement. */
  write(name: string, sql: string, values?: readonly Value[]): Promise<WriteResult>;
  /** A writing statement with its values in its text, for statements of many rows. */
  writeText(name: string, sql: string): Promise<WriteResult>;
  /** LOAD DATA LOCAL of `bytes`. */
  load(name: string, sql: string, bytes: Buffer): Promise<LoadResult>;
}

export interface StoreOptions {
  /** As `DATABASE_URL` is. */
  readonly url: string;
  readonly connectionsMax: number;
  /** Longest wait for one statement, more than a second; then its connection is closed. */
  readonly statementMs: number;
  /** Longest wait for a connection, in milliseconds. */
  readonly connectMs?: number;
  /** `load` is used: MySQL may ask this process for the rows of LOAD DATA LOCAL. */
  readonly localLoads?: boolean;
}

/** The number of connections that each kind of process may open. */
export const poolSizes = {
  /** A serving process or the Next process: editors' calls, and results while memcached is away. */
  front: 10,
  /** The same processes: ballots that are committed directly. */
  frontDirect: 3,
  worker: 5,
} as const;

/** What the driver needs to know about a server; its own reading of an address ignores what it does not know. */
export function connectionOptions(url: string): ConnectionOptions {
  const { tls: ssl, ...server } = readDatabaseUrl(url);
  return { ...server, ...(ssl && { ssl: { ...ssl } }) };
}

const defaultConnectMs = 2_000;
/** ER_LOCK_DEADLOCK: also as the answer to COMMIT it says that the transaction was rolled back. */
const deadlock = 1213;

export class Store implements Database {
  readonly #pool: Pool;
  readonly #statementMs: number;
  /** By connection of mysql2's own: settled when its session is set up. */
  readonly #setups = new WeakMap<object, Promise<unknown>>();

  /** @throws RangeError when the address is not one, or a file that it names can't be used. */
  constructor(options: StoreOptions) {
    this.#statementMs = options.statementMs;
    this.#pool = createPool({
      ...connectionOptions(options.url),
      connectionLimit: options.connectionsMax,
      maxIdle: options.connectionsMax,
      queueLimit: 1_000,
      connectTimeout: options.connectMs ?? defaultConnectMs,
      enableKeepAlive: true,
      timezone: "Z",
      charset: "utf8mb4",
      supportBigNumbers: true,
      bigNumberStrings: false,
      flags: ["-FOUND_ROWS", ...(options.localLoads ? [] : ["-LOCAL_FILES"])],
      // Without this, mysql2 searches statements without values for placeholders: megabytes in a flush.
      queryFormat: (sql: string, values: Value[]) =>
        values.length === 0 ? sql : format(sql, values, false, "Z"),
    });
    this.#pool.on("connection", connection => this.#setUp(connection));
  }

  /** For the sign-in library, which brings its own SQL. */
  get forSignIn() {
    const getConnection = () => this.connect("sign_in.connect");
    return signInPool({ getConnection, end: () => this.close() }, this.#statementMs);
  }

  #setUp(connection: object): void {
    // By its type the connection has promises; in fact the event passes one with callbacks.
    const plain = connection as { query(sql: string, done: (error: unknown) => void): void };
    const run = (sql: string) =>
      new Promise<void>((resolve, reject) => {
        plain.query(sql, error => (error ? reject(error) : resolve()));
      });
    const setup = Promise.all(sessionSetup(this.#statementMs).map(run));
    // The first query on the connection fails with its error.
    setup.catch(() => {});
    this.#setups.set(connection, setup);
  }

  /**
   * A connection whose session is set up, for statements without a time-out; the caller releases or destroys it.
   *
   * @throws StoreFailure `unavailable` or `mismatch`.
   */
  async connect(name: string): Promise<PoolConnection> {
    const connection = await this.#pool.getConnection().catch(error => {
      throw translateConnecting(error, name);
    });
    const setup = this.#setups.get(connection.connection);
    if (!setup) return connection;
    try {
      await inTime(setup, this.#statementMs, () => noAnswer(name));
      return connection;
    } catch (error) {
      connection.destroy();
      throw translateConnecting(error, `${name}: session setup`);
    }
  }

  rows<R extends Row>(name: string, sql: string, values: readonly Value[] = []): Promise<R[]> {
    return this.#withConnection(name, db => db.rows<R>(name, sql, values));
  }

  write(name: string, sql: string, values: readonly Value[] = []): Promise<WriteResult> {
    return this.#withConnection(name, db => db.write(name, sql, values));
  }

  writeText(name: string, sql: string): Promise<WriteResult> {
    return this.#withConnection(name, db => db.writeText(name, sql));
  }

  load(name: string, sql: string, bytes: Buffer): Promise<LoadResult> {
    return this.#withConnection(name, db => db.load(name, sql, bytes));
  }

  /**
   * Runs `work` in one transaction: commits when it resolves, rolls back when it rejects.
   *
   * @param snapshot - all reads see the same moment (REPEATABLE READ with a consistent snapshot).
   * @throws StoreFailure; `commit_unknown` when COMMIT was not answered, or with an error that does not say that the
   *   transaction was rolled back.
   */
  transaction<T>(work: (db: Database) => Promise<T>, snapshot = false): Promise<T> {
    return this.#withConnection("transaction", async (db, connection) => {
      if (snapshot) {
        await db.write("transaction.isolation", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
      }
      await db.write(
        "transaction.start",
        `START TRANSACTION${snapshot ? " WITH CONSISTENT SNAPSHOT" : ""}`,
      );
      const result = await work(db).catch(async error => {
        // A connection without an answer is closed, and MySQL rolls the transaction back.
        if (!isSilence(error)) {
          await db.write("transaction.rollback", "ROLLBACK").catch(() => connection.destroy());
        }
        throw error;
      });
      await db.write("transaction.commit", "COMMIT").catch(error => {
        // Whatever the transaction's state is: it ends with its connection.
        connection.destroy();
        if (!isStoreFailure(error) || error.errno === deadlock) throw error;
        const reason = isSilence(error) ? "no answer to COMMIT" : error.reason;
        throw new StoreFailure("commit_unknown", reason, error.errno, error);
      });
      return result;
    });
  }

  /** Waits for statements in flight, then closes every connection. */
  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #withConnection<T>(
    name: string,
    work: (db: Database, connection: PoolConnection) => Promise<T>,
  ): Promise<T> {
    const connection = await this.connect(name);
    try {
      const result = await work(new Connection(connection, this.#statementMs), connection);
      connection.release();
      return result;
    } catch (error) {
      // The next user must not inherit an unknown state.
      if (isStoreFailure(error, "unavailable") || isStoreFailure(error, "commit_unknown")) {
        connection.destroy();
      } else {
        connection.release();
      }
      throw error;
    }
  }
}

class Connection implements Database {
  readonly #connection: PoolConnection;
  readonly #statementMs: number;

  constructor(connection: PoolConnection, statementMs: number) {
    this.#connection = connection;
    this.#statementMs = statementMs;
  }

  async rows<R extends Row>(
    name: string,
    sql: string,
    values: readonly Value[] = [],
  ): Promise<R[]> {
    return (await this.#query(name, sql, values)) as R[];
  }

  async write(name: string, sql: string, values: readonly Value[] = []): Promise<WriteResult> {
    return (await this.#query(name, sql, values)) as ResultSetHeader;
  }

  async writeText(name: string, sql: string): Promise<WriteResult> {
    return (await this.#query(name, sql)) as ResultSetHeader;
  }

  async load(name: string, sql: string, bytes: Buffer): Promise<LoadResult> {
    const result = (await this.#query(name, sql, undefined, bytes)) as ResultSetHeader;
    return { ...result, warnings: result.warningStatus };
  }

  async #query(
    name: string,
    sql: string,
    values?: readonly Value[],
    loaded?: Buffer,
  ): Promise<unknown> {
    const text = `/* floodgate:${name} */ ${sql}`;
    const answer = this.#ask(text, values, loaded);
    try {
      // Start the clock now; mysql2 starts it only when earlier commands have finished.
      const [result] = await inTime(answer, this.#statementMs, () => noAnswer(name));
      return result;
    } catch (error) {
      throw translate(error, name);
    }
  }

  #ask(text: string, values: readonly Value[] | undefined, loaded: Buffer | undefined) {
    if (loaded) {
      const infileStreamFactory = () => new LoadStream(loaded);
      return this.#connection.query({ sql: text, infileStreamFactory });
    }
    return values ? this.#connection.query(text, [...values]) : this.#connection.query(text);
  }
}

const noAnswer = (name: string) =>
  new StoreFailure("unavailable", `${name}: no answer`, undefined, undefined);
