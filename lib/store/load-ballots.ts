/**
 * Ballots by LOAD DATA LOCAL: a third less of MySQL's CPU than INSERTs
 * (`docs/decisions/0037-ballots-are-loaded.md`).
 *
 * With LOCAL the server ignores a row that it can't insert, and changes a value that does not fit, with a warning; no
 * SQL mode forbids that. So a load stands between a savepoint and the comparison of the server's own numbers.
 *
 * Invariant: a load stays only when every row was inserted and the server had nothing to warn of. Otherwise the
 *   transaction is as it was before.
 */
import { type BallotRow, columns } from "./ballots.ts";
import type { Database, Row } from "./database.ts";
import { isSilence, isStoreFailure } from "./failure.ts";
import {
  columnBytesMax,
  fromHex,
  loadFormat,
  memoizedText,
  writeRaw,
  writeText,
} from "./load-data.ts";
import { timeText } from "./sql-text.ts";

/** Rows as bytes, in the order of the table's key. */
export interface BallotLoad {
  readonly rows: number;
  readonly bytes: Buffer;
}

/**
 * - `loaded`: all rows are inserted.
 * - `not all new`: nothing is inserted. Some row was ignored or changed, usually because its voter has a ballot.
 * - `refused`: nothing is inserted. The server answered with an error.
 */
export type LoadOutcome =
  | { readonly outcome: "loaded" | "not all new" }
  | { readonly outcome: "refused"; readonly reason: string };

/** The most bytes of one row: numbers, the time and what ends them, and the raw columns. */
const fixedBytesMax = 64 + 2 * columnBytesMax(16) + columnBytesMax(12);

/** @param ballots - as for `insertBallots`. */
export function ballotLoadOf(ballots: readonly BallotRow[]): BallotLoad {
  const size = ballots.reduce(
    (sum, { choices }) => sum + fixedBytesMax + columnBytesMax(choices.length),
    0,
  );
  const bytes = Buffer.allocUnsafe(size);
  const id = Buffer.alloc(16);
  // Most rows share their poll, their revision and their millisecond with others.
  const number = memoizedText((value: number) => `${value}\t`);
  const time = memoizedText((ms: number) => `${timeText(ms)}\n`);
  let at = 0;
  for (const { pollId, voter, ballotId, batchId, revision, choices, receivedAtMs } of ballots) {
    at = writeText(bytes, at, number(pollId));
    at = writeRaw(bytes, at, fromHex(id, voter));
    at = writeRaw(bytes, at, fromHex(id, ballotId));
    at = writeRaw(bytes, at, batchId);
    at = writeText(bytes, at, number(revision));
    at = writeRaw(bytes, at, choices);
    at = writeText(bytes, at, time(receivedAtMs));
  }
  return { rows: ballots.length, bytes: bytes.subarray(0, at) };
}

const loadSql = `LOAD DATA LOCAL INFILE 'ballots' INTO TABLE ballots ${loadFormat} (${columns})`;

/**
 * Loads ballots inside the caller's transaction. Two statements, or three.
 *
 * @throws StoreFailure `contention`, and every failure after which the transaction's state is not known.
 */
export async function loadBallots(db: Database, { rows, bytes }: BallotLoad): Promise<LoadOutcome> {
  await db.writeText("ballots.savepoint", "SAVEPOINT before_load");
  let failure: unknown;
  try {
    const { affectedRows, warnings } = await db.load("ballots.load", loadSql, bytes);
    if (affectedRows === rows && warnings === 0) return { outcome: "loaded" };
  } catch (error) {
    if (!isStoreFailure(error) || isSilence(error) || error.kind === "contention") throw error;
    failure = error;
  }
  try {
    await db.writeText("ballots.unload", "ROLLBACK TO SAVEPOINT before_load");
  } catch (error) {
    // The load's error has ended the whole transaction, and the savepoint with it.
    throw failure ?? error;
  }
  if (!isStoreFailure(failure)) return { outcome: "not all new" };
  return { outcome: "refused", reason: failure.reason };
}

interface VariableRow extends Row {
  readonly Variable_name: string;
  readonly Value: string;
}

/**
 * Why ballots can't be loaded on this server, or `undefined`. One query; variables that the server does not have are
 * missing from its answer.
 */
export async function loadObstacle(db: Database): Promise<string | undefined> {
  const rows = await db.rows<VariableRow>(
    "ballots.load_support",
    `SHOW VARIABLES WHERE Variable_name IN
       ('local_infile', 'log_bin', 'binlog_format', 'wsrep_on', 'wsrep_load_data_splitting')`,
  );
  const values = new Map(rows.map(row => [row.Variable_name, row.Value]));
  const is = (name: string, value: string) => values.get(name)?.toUpperCase() === value;
  if (!is("local_infile", "ON")) return "local_infile is off";
  if (is("log_bin", "ON") && is("binlog_format", "STATEMENT")) return "binlog_format is STATEMENT";
  // It would commit in the middle of our transaction.
  const splits = is("wsrep_on", "ON") && is("wsrep_load_data_splitting", "ON");
  return splits ? "wsrep_load_data_splitting is on" : undefined;
}
