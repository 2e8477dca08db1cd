/** Running fronts and workers, and the settings that they compare: the table `processes`. */
import type { Database, Row } from "./database.ts";
import { bytes, columns, type ProcessRow } from "./front-rows.ts";
import { placeholders } from "./sql-text.ts";

export type ProcessRole = "front" | "worker";

/** Settings that processes compare, by variable; of a secret, a digest. */
export type ComparedSettings = Readonly<Record<string, string>>;

/** The name, role and place of a process. They do not change while it runs. */
export interface ProcessIdentity {
  /** 8 bytes, random for each run, as hex digits. */
  readonly id: string;
  readonly role: ProcessRole;
  /** The front's home; `undefined` for a worker. */
  readonly home: number | undefined;
  /** How many homes its settings name. */
  readonly homes: number;
  readonly machine: string;
  readonly pid: number;
  /** Processes with the same value see each other by process id. */
  readonly pidSpace: string;
  readonly version: string;
  readonly settings: ComparedSettings;
  /** The servers that its settings name; `undefined`: of a release that does not know of agreed lists. */
  readonly serverWish?: string | undefined;
}

/** What changes from one report to the next. */
export interface ProcessState {
  /** Every ballot that the front received before this moment is in MySQL. `undefined` for a worker. */
  readonly heldSinceMs: number | undefined;
  /** Its machine's clock against the site's time. */
  readonly clockAheadMs: number;
}

/** What a process writes into its row. */
export interface ProcessReport extends ProcessState, Pick<ProcessIdentity, "settings"> {
  /** The step of the list of servers that it has taken; `undefined`: none yet. */
  readonly serverStep: string | undefined;
}

/** A process as its row has it. */
export interface FleetMember extends Omit<ProcessIdentity, "pidSpace">, ProcessState {
  /** The step of the list of servers that it has taken. */
  readonly serverStep?: string | undefined;
  readonly startedAtMs: number;
  readonly seenAtMs: number;
}

interface MemberRow extends ProcessRow {
  readonly role: ProcessRole;
  readonly homes: number;
  readonly version: string;
  readonly settings: string;
  readonly server_wish: string | null;
  readonly server_step: string | null;
  readonly clock_ahead_ms: number;
  readonly started_at: Date;
}

const prunedMax = 1_000;

const timeOf = (ms: number | undefined) => (ms === undefined ? null : new Date(ms));

/** Notes a process's report. False when it has no row that counts: it is new, or was declared gone. */
export async function reportProcess(
  db: Database,
  id: string,
  { heldSinceMs, clockAheadMs, settings, serverStep }: ProcessReport,
): Promise<boolean> {
  const { affectedRows } = await db.write(
    "processes.report",
    `UPDATE processes SET seen_at = NOW(3), held_since = ?, clock_ahead_ms = ?, settings = ?,
       server_step = ?, missing_since = NULL
     WHERE id = ? AND ended_at IS NULL AND gone_at IS NULL`,
    [timeOf(heldSinceMs), clockAheadMs, JSON.stringify(settings), serverStep ?? null, bytes(id)],
  );
  return affectedRows === 1;
}

/** Writes the whole row of a process. Resolves with `returned` when it had a row: it had been declared gone. */
export async function registerProcess(
  db: Database,
  identity: ProcessIdentity,
  { heldSinceMs, clockAheadMs, serverStep }: ProcessReport,
): Promise<"registered" | "returned"> {
  const { id, role, home, homes, machine, pid, pidSpace, version, settings, serverWish } = identity;
  const { affectedRows } = await db.write(
    "processes.register",
    `INSERT INTO processes (id, role, home, homes, machine, pid, pid_space, version, settings, clock_ahead_ms,
       started_at, seen_at, held_since, server_wish, server_step)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NOW(3), NOW(3), ?, ?, ?)
     ON DUPLICATE KEY UPDATE seen_at = NOW(3), held_since = VALUES(held_since), missing_since = NULL,
       ended_at = NULL, gone_at = NULL,
       server_step = VALUES(server_step)`,
    [
      bytes(id),
      role,
      home ?? null,
      homes,
      machine,
      pid,
      pidSpace,
      version,
      JSON.stringify(settings),
      clockAheadMs,
      timeOf(heldSinceMs),
      serverWish ?? null,
      serverStep ?? null,
    ],
  );
  return affectedRows === 1 ? "registered" : "returned";
}

/** Processes that have reported within so many seconds and have not ended, the one that started first at the front. */
export async function listProcesses(db: Database, withinSeconds: number): Promise<FleetMember[]> {
  const rows = await db.rows<MemberRow>(
    "processes.list",
    `SELECT ${columns}, role, homes, version, settings, server_wish, server_step, clock_ahead_ms, started_at FROM processes
     WHERE ended_at IS NULL AND seen_at >= NOW(3) - INTERVAL ? SECOND ORDER BY started_at, id`,
    [withinSeconds],
  );
  return rows.map(row => ({
    id: row.id.toString("hex"),
    role: row.role,
    home: row.home ?? undefined,
    homes: row.homes,
    machine: row.machine,
    pid: row.pid,
    version: row.version,
    settings: JSON.parse(row.settings) as ComparedSettings,
    serverWish: row.server_wish ?? undefined,
    serverStep: row.server_step ?? undefined,
    clockAheadMs: Number(row.clock_ahead_ms),
    startedAtMs: row.started_at.getTime(),
    seenAtMs: row.seen_at.getTime(),
    heldSinceMs: row.held_since?.getTime(),
  }));
}

/** The settings of all fronts that may still run: they have not ended, nor been declared gone. */
export async function settingsOfFronts(db: Database): Promise<ComparedSettings[]> {
  const rows = await db.rows<Row & { readonly settings: string }>(
    "processes.settings",
    `SELECT settings FROM processes
     WHERE role = 'front' AND ended_at IS NULL AND gone_at IS NULL`,
  );
  return rows.map(({ settings }) => JSON.parse(settings) as ComparedSettings);
}

/** What every process has to know of the site. */
export interface SharedState {
  /** The highest number of homes that any process which may have written to a queue named. 0: there is no row. */
  readonly homes: number;
  /** Changed by every restore of a backup. */
  readonly generation: string;
  /** Tells this database from others. `undefined`: not known. */
  readonly siteId: string | undefined;
}

export async function readSharedState(db: Database): Promise<SharedState> {
  const [row] = await db.rows<
    Row & {
      readonly homes: number | null;
      readonly generation: string | null;
      readonly site_id: string | null;
    }
  >(
    "processes.shared",
    `SELECT MAX(GREATEST(homes, COALESCE(home + 1, 0))) AS homes,
       (SELECT generation FROM site WHERE id = 1) AS generation,
       (SELECT site_id FROM site WHERE id = 1) AS site_id FROM processes`,
  );
  return {
    homes: Number(row?.homes ?? 0),
    generation: row?.generation ?? "",
    siteId: row?.site_id ?? undefined,
  };
}

/**
 * Makes `homes` cover every home that a process of the fleet may use. One query.
 *
 * @throws StoreFailure.
 */
export async function learnHomes(
  db: Database,
  homes: { raiseTo(count: number): void },
): Promise<void> {
  homes.raiseTo((await readSharedState(db)).homes);
}

/** Notes that processes have ended. */
export async function endProcesses(db: Database, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await db.write(
    "processes.end",
    `UPDATE processes SET ended_at = NOW(3) WHERE id IN (${placeholders(ids.length)}) AND ended_at IS NULL`,
    ids.map(bytes),
  );
}

/**
 * Deletes the rows of processes that ended, or were declared gone, so many days ago. A front that accepted ballots of
 * a poll which is not final is kept: without its row, the poll would wait for it as for one of an older release.
 */
export async function pruneProcesses(db: Database, days: number): Promise<void> {
  // Two statements: the subquery of a DELETE would lock rows that flushes write.
  const rows = await db.rows<Row & Pick<ProcessRow, "id">>(
    "processes.prunable",
    `SELECT id FROM processes WHERE COALESCE(ended_at, gone_at) < NOW(3) - INTERVAL ? DAY
       AND id NOT IN (SELECT producer FROM polls JOIN acceptances ON poll_id = polls.id
         WHERE finalized_at IS NULL)
     LIMIT ?`,
    [days, prunedMax],
  );
  if (rows.length === 0) return;
  await db.write(
    "processes.prune",
    `DELETE FROM processes WHERE id IN (${placeholders(rows.length)})
       AND COALESCE(ended_at, gone_at) < NOW(3) - INTERVAL ? DAY`,
    [...rows.map(({ id }) => id), days],
  );
}
