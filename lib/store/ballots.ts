/** Ballots in MySQL: the table `ballots`. */
import type { PollId } from "../ids.ts";
import { type Database, hexLiteral, type Row, timeLiteral } from "./pool.ts";

export interface BallotRow {
  readonly pollId: PollId;
  /** 16 bytes. */
  readonly voter: Buffer;
  /** 16 bytes. */
  readonly ballotId: Buffer;
  /** 12 bytes. */
  readonly batchId: Buffer;
  readonly choices: Uint8Array;
  readonly receivedAtMs: number;
}

interface StoredRow extends Row {
  readonly poll_id: number;
  readonly voter: Buffer;
  readonly ballot_id: Buffer;
  readonly batch_id: Buffer;
}

/** What stands in the table for a voter. */
export interface StoredBallot {
  readonly pollId: PollId;
  readonly voter: Buffer;
  readonly ballotId: Buffer;
  readonly batchId: Buffer;
}

/**
 * Inserts ballots whose voters have none yet in their poll, leaves the others alone, and resolves with
 * the number of rows that were new.
 *
 * Never `INSERT IGNORE`: it would also swallow bad data (a choice cut to fit, NULL as 0).
 *
 * @param ballots - at most one a (poll, voter), sorted by both: neighbours share pages, and concurrent
 *   workers meet in the same order.
 */
export async function insertBallots(db: Database, ballots: readonly BallotRow[]): Promise<number> {
  const rows = ballots.map(
    ballot =>
      `(${ballot.pollId},${hexLiteral(ballot.voter)},${hexLiteral(ballot.ballotId)},` +
      `${hexLiteral(ballot.batchId)},${hexLiteral(ballot.choices)},${timeLiteral(ballot.receivedAtMs)})`,
  );
  const { affectedRows } = await db.writeText(
    "ballots.insert",
    `INSERT INTO ballots (poll_id, voter, ballot_id, batch_id, choices, received_at)
     VALUES ${rows.join(",")} ON DUPLICATE KEY UPDATE voter = ballots.voter`,
  );
  return affectedRows;
}

/** The stored ballots of these voters. One query. */
export async function findBallots(
  db: Database,
  ballots: readonly Pick<BallotRow, "pollId" | "voter">[],
): Promise<StoredBallot[]> {
  const keys = ballots.map(ballot => `(${ballot.pollId},${hexLiteral(ballot.voter)})`);
  const rows = await db.rows<StoredRow>(
    "ballots.find",
    `SELECT poll_id, voter, ballot_id, batch_id FROM ballots WHERE (poll_id, voter) IN (${keys.join(",")})`,
  );
  return rows.map(row => ({
    pollId: row.poll_id as PollId,
    voter: row.voter,
    ballotId: row.ballot_id,
    batchId: row.batch_id,
  }));
}
