/**
 * The format of a backup: lines of JSON, compressed by gzip.
 *
 *     {"floodgateBackup":1,"version":"0.2.0","at":"2026-11-27T03:00:00.000Z","migrations":[…],…}
 *     {"table":"polls","columns":["id","slug",…],"binary":[],"nextNumber":"18"}
 *     ["17","city-budget",…]                     one line for each row
 *     {"end":true,"rows":{"polls":17,…},"sha256":"…"}
 *
 * Every value is a string as MySQL prints it, so numbers of any size and times with milliseconds stay exact; bytes are
 * in base64; null is null. The last line has the number of rows of each table, and the SHA-256 of all bytes before it.
 * It finds a file that is truncated or damaged. It is no signature: a program that can write the file can also write
 * that line.
 */
import { createHash } from "node:crypto";

export const formatVersion = 1;

export interface BackupHeader {
  readonly floodgateBackup: number;
  /** Floodgate's version. */
  readonly version: string;
  /** The moment that the backup is of, by MySQL's clock. */
  readonly at: string;
  /** The generation of the database that it was made of. */
  readonly generation: string;
  /** The migrations that the database had, in order. */
  readonly migrations: readonly string[];
}

export interface TableHeader {
  readonly table: string;
  readonly columns: readonly string[];
  /** Those columns whose values are bytes. */
  readonly binary: readonly string[];
  /** The next number, when the table numbers its rows. */
  readonly nextNumber?: string;
}

export interface BackupEnd {
  readonly end: true;
  readonly rows: Readonly<Record<string, number>>;
  readonly sha256: string;
}

/** A value of a row. */
export type Cell = string | null;

/** Hashes lines as they are written or read, and counts rows. */
export class LineHash {
  readonly #hash = createHash("sha256");
  readonly rows: Record<string, number> = {};

  add(text: string): void {
    this.#hash.update(text);
  }

  /** The last line, without its line end. Called once. */
  end(): BackupEnd {
    return { end: true, rows: this.rows, sha256: this.#hash.digest("hex") };
  }
}

/**
 * Tables whose rows are not in a backup. `processes` and `server_lists` say what runs now (`keptTables`). Sign-ins and
 * pending sign-ups are not restored: one that was ended after the backup must not come back to life. `migrations` is
 * in the header, and `gone_polls` belongs to the restore before.
 */
export const tablesLeftOut: readonly string[] = [
  "migrations",
  "processes",
  "server_lists",
  "editor_sessions",
  "editor_verifications",
  "gone_polls",
];
