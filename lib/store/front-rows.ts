/**
 * Rows of the table `processes` as the rules of finality need them: which fronts are missing, gone, or hold ballots.
 */
import type { PollId } from "../model/ids.ts";
import type { Database, Row } from "./database.ts";

/** A front that reports no more, or keeps a poll from becoming final. */
export interface FrontRow {
  readonly id: string;
  readonly home: number;
  readonly machine: string;
  readonly pid: number;
  readonly seenAtMs: number;
  readonly heldSinceMs: number;
  /** Its reports stopped; when a worker first noticed. */
  readonly missingSinceMs: number | undefined;
}

export interface ProcessRow extends Row {
  readonly id: Buffer;
  readonly home: number | null;
  readonly machine: string;
  readonly pid: number;
  readonly seen_at: Date;
  readonly held_since: Date | null;
  readonly missing_since: Date | null;
}

export const bytes = (id: string): Buffer => Buffer.from(id, "hex");

export const columns = "id, home, machine, pid, seen_at, held_since, missing_since";

const frontRow = (row: ProcessRow): FrontRow => ({
  id: row.id.toString("hex"),
  home: row.home ?? 0,
  machine: row.machine,
  pid: row.pid,
  seenAtMs: row.seen_at.getTime(),
  heldSinceMs: row.held_since?.getTime() ?? 0,
  missingSinceMs: row.missing_since?.getTime(),
});

/** Processes of one machine that have not ended, as far as MySQL knows. */
export async function processesIn(db: Database, pidSpace: string): Promise<FrontRow[]> {
  const rows = await db.rows<ProcessRow>(
    "processes.in_space",
    `SELECT ${columns} FROM processes WHERE ended_at IS NULL AND pid_space = ?`,
    [pidSpace],
  );
  return rows.map(frontRow);
}

/**
 * Notes which fronts report no more. A front's silence counts from when a worker first noticed it, and only while
 * workers look at it: after an outage of MySQL or of all workers it counts anew.
 *
 * @returns the fronts that are missing.
 */
export async function noteMissingFronts(
  db: Database,
  silentSeconds: number,
  lookedSeconds: number,
): Promise<FrontRow[]> {
  await db.write(
    "processes.missing",
    `UPDATE processes SET
       missing_since = CASE
         WHEN missing_since IS NULL OR missing_checked_at < NOW(3) - INTERVAL ? SECOND THEN NOW(3)
         ELSE missing_since END,
       missing_checked_at = NOW(3)
     WHERE role = 'front' AND ended_at IS NULL AND gone_at IS NULL
       AND seen_at < NOW(3) - INTERVAL ? SECOND`,
    [lookedSeconds, silentSeconds],
  );
  const rows = await db.rows<ProcessRow>(
    "processes.list_missing",
    `SELECT ${columns} FROM processes
     WHERE ended_at IS NULL AND gone_at IS NULL AND missing_since IS NOT NULL`,
  );
  return rows.map(frontRow);
}

/** Declares a front gone that has been missing for so long. False when it has reported meanwhile. */
export async function declareGone(db: Database, id: string, missingMs: number): Promise<boolean> {
  const { affectedRows } = await db.write(
    "processes.gone",
    `UPDATE processes SET gone_at = NOW(3) WHERE id = ? AND ended_at IS NULL AND gone_at IS NULL
       AND missing_since <= NOW(3) - INTERVAL ? MICROSECOND`,
    [bytes(id), missingMs * 1_000],
  );
  return affectedRows === 1;
}

/**
 * Fronts that keep a poll from becoming final: they have not said that they hold nothing from before the closing, or
 * they ended or were declared gone after `readAtMs` (MySQL's clock), from when on the queues were read.
 */
export async function frontsBefore(
  db: Database,
  closesAtMs: number,
  readAtMs: number,
): Promise<FrontRow[]> {
  const rows = await db.rows<ProcessRow>(
    "processes.holding",
    `SELECT ${columns} FROM processes
     WHERE role = 'front'
       AND ((ended_at IS NULL AND gone_at IS NULL AND held_since <= ?) OR ended_at >= ? OR gone_at >= ?)`,
    [new Date(closesAtMs), new Date(readAtMs), new Date(readAtMs)],
  );
  return rows.map(frontRow);
}

/**
 * Number of fronts that accepted ballots of a poll and have no row: they are of a release without this table, or a
 * restore into an empty database has forgotten them.
 */
export async function countUnknownFronts(db: Database, pollId: PollId): Promise<number> {
  const [row] = await db.rows<Row & { readonly fronts: number }>(
    "processes.unknown",
    `SELECT COUNT(*) AS fronts FROM acceptances LEFT JOIN processes ON processes.id = producer
     WHERE poll_id = ? AND processes.id IS NULL`,
    [pollId],
  );
  return Number(row?.fronts ?? 0);
}
