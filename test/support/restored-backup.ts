/** A backup of everything that a flush writes, and its restoration, by SQL in the server that the test has. */
import { type Connection, createConnection } from "mysql2/promise";

const tables = [
  "ballots",
  "batches",
  "poll_totals",
  "option_totals",
  "checkpoints",
  "dead_letters",
  "acceptances",
] as const;

export class Backup {
  readonly #adminUrl: string;

  private constructor(adminUrl: string) {
    this.#adminUrl = adminUrl;
  }

  /** Copies the tables; a later backup replaces an earlier one. */
  static async take(adminUrl: string): Promise<Backup> {
    await asAdministrator(adminUrl, async connection => {
      for (const table of tables) {
        await connection.query(`DROP TABLE IF EXISTS backup_${table}`);
        await connection.query(`CREATE TABLE backup_${table} AS SELECT * FROM ${table}`);
      }
    });
    return new Backup(adminUrl);
  }

  /** Sets the tables back, in one transaction. */
  async restore(): Promise<void> {
    await asAdministrator(this.#adminUrl, async connection => {
      await connection.beginTransaction();
      for (const table of tables) {
        await connection.query(`DELETE FROM ${table}`);
        await connection.query(`INSERT INTO ${table} SELECT * FROM backup_${table}`);
      }
      await connection.commit();
    });
  }
}

async function asAdministrator(
  adminUrl: string,
  work: (connection: Connection) => Promise<void>,
): Promise<void> {
  const connection = await createConnection({ uri: adminUrl });
  try {
    await work(connection);
  } finally {
    await connection.end();
  }
}
