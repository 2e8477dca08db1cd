/** Ballots in MySQL: the table `ballots`. */
import type { BallotId, BatchId, PollId, VoterKey } from "../model/ids.ts";
import type { ChoicesCount } from "../model/runoff.ts";
import type { Database, Row } from "./database.ts";
import { hexLiteral, timeLiteral } from "./sql-text.ts";

export interface BallotRow {
  readonly pollId: PollId;
  readonly voter: VoterKey;
  readonly ballotId: BallotId;
  readonly batchId: BatchId;
  /** 0: the voter's first ballot. */
  readonly revision: number;
  /** Empty: withdrawn. */
  readonly choices: Uint8Array;
  readonly receivedAtMs: number;
}

/** As a load and an INSERT name them. */
export const columns = "poll_id, voter, ballot_id, batch_id, revision, choices, received_at";

interface StoredRow extends Row {
  readonly poll_id: number;
  readonly voter: Buffer;
  readonly ballot_id: Buffer;
  readonly batch_id: Buffer;
  readonly revision: number;
  readonly choices: Buffer;
  readonly received_at: Date;
}

/** A prepared statement; resolves with the number of rows that were new. */
export type PreparedInsert = (db: Database) => Promise<number>;

/**
 * Prepares a statement that inserts the ballots whose voters have none in their poll, and changes no other. Preparing is
 * apart from running, so that the next statement can be built while MySQL executes this one.
 *
 * Never `INSERT IGNORE`: it would also accept bad data (a truncated choice, NULL as 0).
 *
 * @param ballots - at most one for each poll and voter, sorted by both: neighbours share pages, and concurrent workers
 *   lock in the same order.
 */
export function insertBallots(ballots: readonly BallotRow[]): PreparedInsert {
  const sql = `INSERT INTO ballots (${columns})
     VALUES ${valuesOf(ballots)} ON DUPLICATE KEY UPDATE voter = ballots.voter`;
  return async db => (await db.writeText("ballots.insert", sql)).affectedRows;
}

function memoized<T>(make: (value: T) => string): (value: T) => string {
  const made = new Map<T, string>();
  return value => {
    const known = made.get(value);
    if (known !== undefined) return known;
    const text = make(value);
    made.set(value, text);
    return text;
  };
}

function valuesOf(ballots: readonly BallotRow[]): string {
  // Many ballots have the same batch and the same millisecond.
  const batch = memoized(hexLiteral);
  const time = memoized(timeLiteral);
  const rows = ballots.map(
    ({ pollId, voter, ballotId, batchId, revision, choices, receivedAtMs }) =>
      `(${pollId},0x${voter},0x${ballotId},${batch(batchId)},` +
      `${revision},${hexLiteral(choices)},${time(receivedAtMs)})`,
  );
  return rows.join(",");
}

/** The stored ballots of these voters; their rows are locked until the transaction ends. One query. */
export async function lockBallots(
  db: Database,
  ballots: readonly Pick<BallotRow, "pollId" | "voter">[],
): Promise<BallotRow[]> {
  const keys = ballots.map(({ pollId, voter }) => `(${pollId},0x${voter})`);
  const rows = await db.rows<StoredRow>(
    "ballots.lock",
    `SELECT ${columns} FROM ballots
     WHERE (poll_id, voter) IN (${keys.join(",")}) FOR UPDATE`,
  );
  return rows.map(ballotOf);
}

function ballotOf(row: StoredRow): BallotRow {
  return {
    pollId: row.poll_id as PollId,
    voter: row.voter.toString("hex") as VoterKey,
    ballotId: row.ballot_id.toString("hex") as BallotId,
    batchId: row.batch_id as BatchId,
    revision: row.revision,
    choices: row.choices,
    receivedAtMs: row.received_at.getTime(),
  };
}

/**
 * Stored ballots of a poll in the order of their voter keys, after `voter` or from the first one; withdrawals too. One
 * query.
 */
export async function ballotsAfter(
  db: Database,
  pollId: PollId,
  voter: VoterKey | undefined,
  limit: number,
): Promise<BallotRow[]> {
  const rows = await db.rows<StoredRow>(
    "ballots.after",
    `SELECT ${columns} FROM ballots WHERE poll_id = ? AND voter > ? ORDER BY voter LIMIT ?`,
    [pollId, Buffer.from(voter ?? "", "hex"), limit],
  );
  return rows.map(ballotOf);
}

/** Those of `voters` who have a ballot in the poll; a withdrawal is one. One query. */
export async function votersWithBallots(
  db: Database,
  pollId: PollId,
  voters: readonly VoterKey[],
): Promise<ReadonlySet<VoterKey>> {
  if (voters.length === 0) return new Set();
  const rows = await db.rows<Row & { readonly voter: Buffer }>(
    "ballots.voters",
    `SELECT voter FROM ballots WHERE poll_id = ? AND voter IN (${voters.map(voter => `0x${voter}`).join(", ")})`,
    [pollId],
  );
  return new Set(rows.map(({ voter }) => voter.toString("hex") as VoterKey));
}

interface CombinationRow extends Row {
  readonly choices: Buffer;
  readonly ballots: number;
}

/** Counts a poll's rows by their choices, without withdrawals. One query that reads all rows of the poll. */
export async function countChoices(db: Database, pollId: PollId): Promise<ChoicesCount[]> {
  const rows = await db.rows<CombinationRow>(
    "ballots.count",
    `SELECT choices, COUNT(*) AS ballots FROM ballots
     WHERE poll_id = ? AND LENGTH(choices) > 0 GROUP BY choices`,
    [pollId],
  );
  return rows.map(({ choices, ballots }) => ({ choices, ballots: Number(ballots) }));
}

/** Replaces the stored ballots of the same voters. The caller has locked those rows. */
export async function replaceBallots(db: Database, ballots: readonly BallotRow[]): Promise<void> {
  if (ballots.length === 0) return;
  await db.writeText(
    "ballots.replace",
    `INSERT INTO ballots (${columns}) VALUES ${valuesOf(ballots)}
     ON DUPLICATE KEY UPDATE ballot_id = VALUES(ballot_id), batch_id = VALUES(batch_id),
       revision = VALUES(revision), choices = VALUES(choices), received_at = VALUES(received_at)`,
  );
}
