/**
 * The database server: that it answers, takes writes, keeps what it has committed, and takes our connections. Two
 * queries, and one write that is rolled back; judging the answer is a pure function.
 */
import { randomBytes } from "node:crypto";
import { SECOND, wallMs } from "#lib/base/clock.ts";
import type { Config } from "#lib/config/config.ts";
import type { Epoch } from "#lib/model/ids.ts";
import { insertBatches } from "#lib/store/batches.ts";
import { poolSizes, type Row, type Store } from "#lib/store/database.ts";
import { isContended, isStoreFailure, tlsRefusal } from "#lib/store/failure.ts";
import { loadObstacle } from "#lib/store/load-ballots.ts";
import { checkClock, isOlder } from "./clocks.ts";
import { type Finding, ok, warn, wrong } from "./finding.ts";
import { checkConnection } from "./mysql-connection.ts";

const about = "MySQL";

/** What the server reports. */
export interface DatabaseFacts {
  readonly version: string;
  readonly readOnly: boolean;
  readonly connectionsMax: number;
  /** Connections that our processes may open. */
  readonly connectionsNeeded: number;
  readonly packetBytesMax: number;
  /** 1: commits survive a crash. */
  readonly flushAtCommit: number;
  /** The time zone of our sessions. */
  readonly timeZone: string;
  /** Why a flush can't load ballots. */
  readonly loadObstacle: string | undefined;
  readonly timeMs: number;
  readonly askedAtMs: number;
  readonly answeredAtMs: number;
}

interface FactsRow extends Row {
  readonly version: string;
  readonly read_only: number;
  readonly connections_max: number;
  readonly packet_bytes: number;
  readonly flush_at_commit: number;
  readonly time_zone: string;
  readonly local_ms: number;
}

const mebibyte = 1_048_576;
/** One statement of a flush has up to a quarter of this; MySQL's own default is far more. */
const packetBytesMin = mebibyte;
const oldest = { mysql: "8.0", mariadb: "10.11" };
/** For operators, monitoring, backups. */
const connectionsToSpare = 10;

/** The findings, and whether its content can be read. Never rejects for a server that is away. */
export async function checkMysql(
  store: Store,
  config: Config,
): Promise<{ readonly findings: Finding[]; readonly answers: boolean }> {
  try {
    const findings = judgeMysql(await readFacts(store, config));
    findings.push(await checkConnection(store, config.databaseUrl));
    return { findings, answers: true };
  } catch (error) {
    if (!isStoreFailure(error)) throw error;
    const { cause } = error;
    const reason = tlsRefusal(cause) ?? (cause instanceof Error ? cause.message : error.message);
    const finding = wrong(
      about,
      "mysql-is-away",
      `can't be used (${reason}); its content was not checked`,
      "Start it, or correct DATABASE_URL. Votes are kept in memcached until then.",
    );
    return { findings: [finding], answers: false };
  }
}

/** Thrown inside the transaction, to roll it back. */
class WouldCommit extends Error {}

/** Writes to the tables of a flush, and rolls back: empty when MySQL takes it. */
export async function checkWriting(store: Store, nowMs: number): Promise<Finding[]> {
  const batch = { id: randomBytes(12), slot: 0, ballots: 0 };
  try {
    await store.transaction(async db => {
      await insertBatches(db, "doctor" as Epoch, [batch], nowMs);
      throw new WouldCommit();
    });
  } catch (error) {
    if (error instanceof WouldCommit || isContended(error)) return [];
    if (!isStoreFailure(error) || error.kind === "mismatch") throw error;
    const { cause } = error;
    const reason = cause instanceof Error ? cause.message : error.message;
    return [
      wrong(
        about,
        "mysql-is-away",
        `takes no writes (${reason}): votes pile up in memcached`,
        "Free its disk, or point DATABASE_URL at the primary. Votes are kept in memcached until then.",
      ),
    ];
  }
  return [];
}

async function readFacts(store: Store, config: Config): Promise<DatabaseFacts> {
  await store.rows("doctor.connect", "SELECT 1");
  const askedAtMs = wallMs();
  const [row] = await store.rows<FactsRow>(
    "doctor.facts",
    `SELECT VERSION() AS version, @@GLOBAL.read_only AS read_only,
         @@GLOBAL.max_connections AS connections_max, @@GLOBAL.max_allowed_packet AS packet_bytes,
         @@GLOBAL.innodb_flush_log_at_trx_commit AS flush_at_commit,
         @@SESSION.time_zone AS time_zone, UNIX_TIMESTAMP(NOW(3)) * 1000 AS local_ms`,
  );
  const answeredAtMs = wallMs();
  return {
    version: row?.version ?? "",
    readOnly: Number(row?.read_only) !== 0,
    connectionsMax: Number(row?.connections_max),
    connectionsNeeded: connectionsNeeded(config),
    packetBytesMax: Number(row?.packet_bytes),
    flushAtCommit: Number(row?.flush_at_commit),
    timeZone: row?.time_zone ?? "",
    timeMs: Number(row?.local_ms),
    askedAtMs,
    answeredAtMs,
    loadObstacle: await loadObstacle(store),
  };
}

/** Every front process and the Next process with both their pools, two workers, and a reserve. */
function connectionsNeeded({ frontProcesses }: Config): number {
  const front = poolSizes.front + poolSizes.frontDirect;
  return (frontProcesses + 1) * front + 2 * poolSizes.worker + connectionsToSpare;
}

/** The findings about a server. */
export function judgeMysql(facts: DatabaseFacts): Finding[] {
  const found = [
    ...checkVersion(facts),
    ...checkServerVariables(facts),
    ...checkLimits(facts),
    ...checkTime(facts),
  ];
  const notes = checkLoading(facts);
  if (found.length > 0) return [...found, ...notes];
  return [
    ...notes,
    ok(about, `${facts.version}, durable, takes ${facts.connectionsMax} connections`),
  ];
}

function checkVersion({ version }: DatabaseFacts): Finding[] {
  const isMaria = /mariadb/i.test(version);
  const least = isMaria ? oldest.mariadb : oldest.mysql;
  if (!isOlder(version, least)) return [];
  return [
    wrong(
      about,
      "mysql-is-set-up-for-something-else",
      `is ${isMaria ? "MariaDB" : "MySQL"} ${version}`,
      `Use MySQL ${oldest.mysql} or MariaDB ${oldest.mariadb} or later: flushing needs SKIP LOCKED.`,
    ),
  ];
}

function checkServerVariables({ readOnly, flushAtCommit }: DatabaseFacts): Finding[] {
  const found: Finding[] = [];
  if (readOnly) {
    found.push(
      wrong(
        about,
        "mysql-is-away",
        "takes no writes (read_only is on): votes pile up in memcached",
        "If it is a replica, point DATABASE_URL at the primary; else SET GLOBAL read_only = 0.",
      ),
    );
  }
  if (flushAtCommit !== 1) {
    found.push(
      wrong(
        about,
        "mysql-is-set-up-for-something-else",
        `loses up to a second of commits in a crash (innodb_flush_log_at_trx_commit = ${flushAtCommit}), when memcached no longer has those votes`,
        "Set innodb_flush_log_at_trx_commit = 1.",
      ),
    );
  }
  return found;
}

function checkLimits(facts: DatabaseFacts): Finding[] {
  const { connectionsMax, connectionsNeeded, packetBytesMax } = facts;
  const found: Finding[] = [];
  if (connectionsMax < connectionsNeeded) {
    found.push(
      wrong(
        about,
        "connections-run-out",
        `takes ${connectionsMax} connections; this machine's processes may need ${connectionsNeeded}`,
        `Set max_connections = ${connectionsNeeded} or more (for each front machine), or FLOODGATE_FRONT_PROCESSES lower.`,
      ),
    );
  }
  if (packetBytesMax < packetBytesMin) {
    found.push(
      warn(
        about,
        "mysql-is-set-up-for-something-else",
        `takes no statement over ${Math.round(packetBytesMax / 1024)} kB: flushes go in small pieces`,
        "Set max_allowed_packet = 16M.",
      ),
    );
  }
  return found;
}

/** Advice: without loads everything is counted all the same. */
function checkLoading({ loadObstacle: obstacle }: DatabaseFacts): Finding[] {
  if (obstacle === undefined) return [];
  return [
    warn(
      about,
      "mysql-is-set-up-for-something-else",
      `takes ballots by INSERT only (${obstacle}): a flush costs it half as much CPU again, and nothing else`,
      "For faster flushes SET GLOBAL local_infile = ON, with binlog_format = ROW or MIXED.",
    ),
  ];
}

/** All times are stored in UTC: our sessions ask for it, whatever the server's zone; this checks that they got it. */
function checkTime({ timeZone, timeMs, askedAtMs, answeredAtMs }: DatabaseFacts): Finding[] {
  const clock = checkClock({
    about,
    theirMs: timeMs,
    resolutionMs: SECOND / 1000,
    notBeforeMs: askedAtMs,
    notAfterMs: answeredAtMs,
  });
  if (timeZone === "+00:00") return clock;
  const says = `gives our sessions the time zone ${timeZone}: times would be stored wrong`;
  const todo =
    "Remove what sets it (init_connect, a proxy in between): our sessions ask for +00:00.";
  return [wrong(about, "mysql-is-set-up-for-something-else", says, todo), ...clock];
}
