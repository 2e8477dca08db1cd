/** The books of a load test: what was acknowledged against what is stored and shown. */
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { connectionOptions } from "#lib/store/database.ts";

export interface StoredBallots {
  /** Ballot ids of the rows, as lower-case hex without dashes, with their choices. */
  readonly rows: ReadonlyMap<string, string>;
  /** The sum that the worker keeps. */
  readonly counted: number;
  readonly duplicates: number;
}

interface BallotRow extends RowDataPacket {
  readonly ballot_id: Buffer;
  readonly choices: Buffer;
}

interface TotalRow extends RowDataPacket {
  readonly ballots: number;
  readonly duplicates: number;
}

/** Reads a poll's rows and totals straight from the database. */
export async function readStored(databaseUrl: string, slug: string): Promise<StoredBallots> {
  const connection = await createConnection(connectionOptions(databaseUrl));
  try {
    const [rows] = await connection.query<BallotRow[]>(
      "SELECT ballot_id, choices FROM ballots JOIN polls ON polls.id = poll_id WHERE slug = ?",
      [slug],
    );
    const [totals] = await connection.query<TotalRow[]>(
      "SELECT ballots, duplicates FROM poll_totals JOIN polls ON polls.id = poll_id WHERE slug = ?",
      [slug],
    );
    return {
      rows: new Map(rows.map(row => [row.ballot_id.toString("hex"), [...row.choices].join()])),
      counted: Number(totals[0]?.ballots ?? 0),
      duplicates: Number(totals[0]?.duplicates ?? 0),
    };
  } finally {
    await connection.end();
  }
}

export interface Verdict {
  /** Acknowledged and not stored. */
  readonly lost: number;
  /** Counted more often than there are rows. */
  readonly doubleCounted: number;
  /** Stored, though it was never sent, or with other choices than were sent. */
  readonly unexpected: number;
  /** Not acknowledged and stored all the same: the answer was lost on the way. */
  readonly recovered: number;
}

/** Compares what clients know with what is stored. */
export function judge(
  sent: ReadonlyMap<string, { readonly choice: string; readonly acknowledged: boolean }>,
  stored: StoredBallots,
  tally: { readonly ballots: number; readonly votes: number },
): Verdict {
  let [lost, unexpected, recovered] = [0, 0, 0];
  for (const [id, { acknowledged }] of sent) {
    const there = stored.rows.has(id);
    if (acknowledged && !there) lost += 1;
    if (!acknowledged && there) recovered += 1;
  }
  for (const [id, choices] of stored.rows) if (sent.get(id)?.choice !== choices) unexpected += 1;
  const rows = stored.rows.size;
  const doubleCounted = Math.max(
    0,
    stored.counted - rows,
    tally.ballots - rows,
    tally.votes - rows,
  );
  return { lost, doubleCounted, unexpected, recovered };
}
