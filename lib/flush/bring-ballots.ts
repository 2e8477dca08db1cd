/**
 * Bringing ballots into MySQL, inside a transaction of the caller's: inserts what is new, and says of every
 * ballot what became of it. The same for slots that are flushed and for batches that come straight from a
 * front.
 */
import { type BallotRow, holdBallots, insertBallots, replaceBallot } from "../store/ballots.ts";
import type { Database } from "../store/pool.ts";
import {
  type Arrival,
  ballotRow,
  cameBefore,
  type Fate,
  firstOfEachVoter,
  type Standing,
  voterIn,
} from "./sort-out.ts";

const rowsPerInsert = 1_000;

/** Inserts what is new and says of every arrival what became of it. */
export async function bringBallots(
  db: Database,
  arrivals: readonly Arrival[],
): Promise<ReadonlyMap<Arrival, Fate>> {
  const fates = new Map<Arrival, Fate>();
  const first = firstOfEachVoter(arrivals);
  /** The ballot that stands for a voter now. */
  const standing = new Map<string, Standing>();
  for (let at = 0; at < first.length; at += rowsPerInsert) {
    const chunk = first.slice(at, at + rowsPerInsert);
    const rows = chunk.map(ballotRow);
    const allNew = (await insertBallots(db, rows)) === rows.length;
    const stored = allNew ? new Map() : await storedBefore(db, rows);
    for (const [index, arrival] of chunk.entries()) {
      const row = rows[index];
      if (!row) continue;
      const other = stored.get(voterIn(row));
      const fate = other ? await meet(db, row, other) : ({ fate: "counted" } as const);
      fates.set(arrival, fate);
      const stands = fate.fate === "duplicate" && other ? other : row;
      standing.set(voterIn(row), stands);
    }
  }
  for (const arrival of arrivals) {
    if (fates.has(arrival)) continue;
    const stands = standing.get(voterIn(arrival.ballot));
    const same = stands?.ballotId.equals(ballotRow(arrival).ballotId);
    fates.set(arrival, {
      fate: same ? "redelivered" : "duplicate",
      ...(stands && { standing: stands }),
    });
  }
  return fates;
}

/**
 * The ballots of these voters that stood there before. A row that this transaction brought carries our
 * batch's id, and no earlier row can: batches are committed once.
 */
async function storedBefore(
  db: Database,
  rows: readonly BallotRow[],
): Promise<ReadonlyMap<string, BallotRow>> {
  const offered = new Map(rows.map(row => [voterIn(row), row]));
  const stored = await holdBallots(db, rows);
  return new Map(
    stored
      .filter(row => !offered.get(voterIn(row))?.batchId.equals(row.batchId))
      .map(row => [voterIn(row), row]),
  );
}

/** A ballot meets another one of its voter. */
async function meet(db: Database, row: BallotRow, other: BallotRow): Promise<Fate> {
  if (row.ballotId.equals(other.ballotId)) {
    return { fate: "redelivered", standing: other };
  }
  if (!cameBefore(row, other)) return { fate: "duplicate", standing: other };
  await replaceBallot(db, row);
  return { fate: "earlier", instead: other.choices };
}
