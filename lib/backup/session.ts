/**
 * One connection to MySQL for the whole of a backup or a restore. Its statements have no time-out, because a table may
 * be large. A named lock keeps other backups, restores and migrations out while it is open.
 *
 * A migration beside a backup would wait for the backup's tables, and every flush would wait behind the migration.
 */
import type { Row, Store, Value } from "../store/database.ts";
import { translate } from "../store/failure.ts";
import { schemaLock } from "../store/migrate.ts";

type Connection = Awaited<ReturnType<Store["connect"]>>;

/** The parts of mysql2's connection with callbacks that are used. */
interface StreamingConnection {
  query(options: {
    readonly sql: string;
    readonly rowsAsArray: boolean;
    readonly typeCast: (field: { buffer(): Buffer | null }) => Buffer | null;
  }): { stream(options: { readonly highWaterMark: number }): AsyncIterable<TextRow> };
}

/** A row as MySQL sends it: each value as text, or as bytes. */
export type TextRow = readonly (Buffer | null)[];

/** Another process holds the lock. */
export class SchemaInUse extends Error {}

/** MySQL may still execute a statement of a lost connection, which keeps the lock until then. */
const lockWaitSeconds = 15;
/** Rows that are read ahead. */
const rowsAhead = 1_000;

export class Session {
  readonly #store: Store;
  #connection: Connection;

  private constructor(store: Store, connection: Connection) {
    this.#store = store;
    this.#connection = connection;
  }

  /**
   * Runs `work` on a connection that holds the lock, and closes it.
   *
   * @throws SchemaInUse when a migration, a backup or a restore is running; StoreFailure.
   */
  static async use<T>(store: Store, work: (session: Session) => Promise<T>): Promise<T> {
    const session = new Session(store, await store.connect("backup"));
    try {
      await session.#lock(0);
      return await work(session);
    } finally {
      // Ends its transaction and frees the lock, in whatever state it is.
      session.#connection.destroy();
    }
  }

  /**
   * Takes another connection in the place of one that was lost. When this resolves, MySQL executes nothing of the lost
   * one any more.
   *
   * @throws SchemaInUse, StoreFailure.
   */
  async reconnect(): Promise<void> {
    this.#connection.destroy();
    this.#connection = await this.#store.connect("backup");
    await this.#lock(lockWaitSeconds);
  }

  async #lock(waitSeconds: number): Promise<void> {
    const [row] = await this.rows<Row & { readonly got: number | null }>(
      "lock",
      "SELECT GET_LOCK(?, ?) AS got",
      [schemaLock, waitSeconds],
    );
    if (Number(row?.got) === 1) return;
    throw new SchemaInUse("a migration, a backup or a restore is running: try again after it");
  }

  async rows<R extends Row>(
    name: string,
    sql: string,
    values: readonly Value[] = [],
  ): Promise<R[]> {
    return (await this.#query(name, sql, values)) as R[];
  }

  async run(name: string, sql: string, values: readonly unknown[] = []): Promise<void> {
    await this.#query(name, sql, values);
  }

  /** Rows of a large table, one after the other. @throws StoreFailure. */
  async *stream(name: string, sql: string): AsyncGenerator<TextRow> {
    // By its type the connection has promises; the one below it has callbacks and streams.
    const plain = this.#connection.connection as unknown as StreamingConnection;
    const query = plain.query({
      sql: `/* floodgate:backup.${name} */ ${sql}`,
      rowsAsArray: true,
      typeCast: field => field.buffer(),
    });
    try {
      yield* query.stream({ highWaterMark: rowsAhead });
    } catch (error) {
      throw translate(error, `backup.${name}`);
    }
  }

  async #query(name: string, sql: string, values: readonly unknown[]): Promise<unknown> {
    try {
      const [result] = await this.#connection.query(`/* floodgate:backup.${name} */ ${sql}`, [
        ...values,
      ]);
      return result;
    } catch (error) {
      throw translate(error, `backup.${name}`);
    }
  }
}
