/** The lists of servers that the site has agreed on: the table `server_lists`, and what each process says of them. */
import type { ChangeStep, PlacementRule, ServerList, ServerLists } from "../model/server-list.ts";
import type { Database, Row } from "./database.ts";
import type { FleetMember } from "./fleet-processes.ts";

/** The newest list and, while a change is under way, the one before it. */
export interface StoredLists extends ServerLists {
  /** When a worker first found that all processes had taken the step; by MySQL's clock. */
  readonly readyAtMs: number | undefined;
}

interface ListRow extends Row {
  readonly version: number;
  readonly rule: PlacementRule;
  readonly memcached: string;
  readonly queues: string;
  readonly step: ChangeStep;
  readonly ready_at: Date | null;
}

const toList = (row: ListRow): ServerList => ({
  version: Number(row.version),
  rule: row.rule,
  memcached: JSON.parse(row.memcached) as string[],
  queues: JSON.parse(row.queues) as string[],
});

/** `undefined`: no process has made the first list. @param lock - until the transaction ends. */
export async function readServerLists(
  db: Database,
  lock: "" | "FOR UPDATE" = "",
): Promise<StoredLists | undefined> {
  const rows = await db.rows<ListRow>(
    "server_lists.read",
    `SELECT version, rule, memcached, queues, step, ready_at FROM server_lists
     ORDER BY version DESC LIMIT 2 ${lock}`,
  );
  const [newest, before] = rows;
  if (!newest) return undefined;
  return {
    newest: toList(newest),
    step: newest.step,
    old: newest.step === "settled" || !before ? undefined : toList(before),
    readyAtMs: newest.ready_at?.getTime(),
  };
}

/** False when there is a list of this version already. */
export async function insertServerList(
  db: Database,
  { version, rule, memcached, queues }: ServerList,
  step: ChangeStep,
): Promise<boolean> {
  const { affectedRows } = await db.write(
    "server_lists.insert",
    `INSERT INTO server_lists (version, rule, memcached, queues, step, changed_at)
     VALUES (?, ?, ?, ?, ?, NOW(3)) ON DUPLICATE KEY UPDATE version = VALUES(version)`,
    [version, rule, JSON.stringify(memcached), JSON.stringify(queues), step],
  );
  return affectedRows === 1;
}

/** Begins the next step of a change. */
export async function setServerStep(db: Database, version: number, step: ChangeStep) {
  await db.write(
    "server_lists.step",
    "UPDATE server_lists SET step = ?, ready_at = NULL, changed_at = NOW(3) WHERE version = ?",
    [step, version],
  );
}

/** Notes that all processes have taken the step. */
export async function noteServersReady(db: Database, version: number, step: ChangeStep) {
  await db.write(
    "server_lists.ready",
    `UPDATE server_lists SET ready_at = NOW(3)
     WHERE version = ? AND step = ? AND ready_at IS NULL`,
    [version, step],
  );
}

/** True when the site has polls: its items are where the rule of release 0.2.0 put them. */
export async function hasPolls(db: Database): Promise<boolean> {
  const rows = await db.rows("server_lists.polls", "SELECT id FROM polls LIMIT 1");
  return rows.length > 0;
}

/** What a process says of the lists. */
export interface ServerPosition
  extends Pick<FleetMember, "id" | "role" | "home" | "machine" | "pid"> {
  /** `undefined`: it is of a release that does not know of lists. */
  readonly wish: string | undefined;
  /** `undefined`: it has not taken any list yet. */
  readonly taken: string | undefined;
}

interface PositionRow extends Row {
  readonly id: Buffer;
  readonly role: FleetMember["role"];
  readonly home: number | null;
  readonly machine: string;
  readonly pid: number;
  readonly server_wish: string | null;
  readonly server_step: string | null;
}

/**
 * All processes that may be running: fronts that have not ended and were not declared gone, and workers that have
 * reported within so many seconds.
 */
export async function serverPositions(
  db: Database,
  workersWithinSeconds: number,
): Promise<ServerPosition[]> {
  const rows = await db.rows<PositionRow>(
    "server_lists.positions",
    `SELECT id, role, home, machine, pid, server_wish, server_step FROM processes
     WHERE ended_at IS NULL AND gone_at IS NULL
       AND (role = 'front' OR seen_at >= NOW(3) - INTERVAL ? SECOND)
     ORDER BY started_at, id`,
    [workersWithinSeconds],
  );
  return rows.map(({ id, role, home, machine, pid, server_wish: wish, server_step: taken }) => ({
    id: id.toString("hex"),
    role,
    home: home ?? undefined,
    machine,
    pid,
    wish: wish ?? undefined,
    taken: taken ?? undefined,
  }));
}

/**
 * True while fronts of release 0.2.0 may be running, which are not in the fleet record: there are ballots of unknown
 * fronts in polls that are not final, and a batch of one has arrived within so many seconds, or the first process of
 * this release started within them. A front that was known and is forgotten sends no batches.
 */
export async function oldFrontsMayRun(db: Database, withinSeconds: number): Promise<boolean> {
  const [row] = await db.rows<Row & { readonly found: number }>(
    "server_lists.old_fronts",
    `SELECT EXISTS (
         SELECT 1 FROM polls JOIN acceptances ON poll_id = polls.id
           LEFT JOIN processes ON processes.id = producer
         WHERE finalized_at IS NULL AND processes.id IS NULL
       ) AND (EXISTS (
         SELECT 1 FROM batches LEFT JOIN processes ON processes.id = LEFT(batch_id, 8)
         WHERE committed_at >= NOW(3) - INTERVAL ? SECOND AND processes.id IS NULL
       ) OR EXISTS (
         SELECT 1 FROM server_lists
         WHERE version = 1 AND changed_at >= NOW(3) - INTERVAL ? SECOND
       )) AS found`,
    [withinSeconds, withinSeconds],
  );
  return Number(row?.found ?? 0) === 1;
}
