/**
 * Bringing ballots into MySQL, inside a transaction of the caller's: inserts what is new, and says of every
 * ballot what became of it. The same for slots that are flushed and for batches that come straight from a
 * front.
 */
import {
  type BallotRow,
  holdBallots,
  insertBallots,
  type PreparedInsert,
  replaceBallot,
} from "../store/ballots.ts";
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
const counted: Fate = { fate: "counted" };

/** Some arrivals with their rows, and the statement that inserts them. */
interface Portion {
  readonly arrivals: readonly Arrival[];
  readonly rows: readonly BallotRow[];
  readonly insert: PreparedInsert;
}

function portion(arrivals: readonly Arrival[]): Portion {
  const rows = arrivals.map(ballotRow);
  return { arrivals, rows, insert: insertBallots(rows) };
}

/** Inserts what is new and says of every arrival what became of it. */
export async function bringBallots(
  db: Database,
  arrivals: readonly Arrival[],
): Promise<ReadonlyMap<Arrival, Fate>> {
  const fates = new Map<Arrival, Fate>();
  const first = firstOfEachVoter(arrivals);
  const repeats = arrivals.length > first.length;
  /** The ballot that stands for a voter now; only where there are repeats. */
  const standing = new Map<string, Standing>();
  let next = portion(first.slice(0, rowsPerInsert));
  for (let at = rowsPerInsert; next.rows.length > 0; at += rowsPerInsert) {
    const { arrivals: portionOf, rows, insert } = next;
    const inserting = insert(db);
    next = portion(first.slice(at, at + rowsPerInsert));
    const allNew = (await inserting) === rows.length;
    const stored = allNew ? undefined : await storedBefore(db, rows);
    for (const [index, arrival] of portionOf.entries()) {
      const row = rows[index] as BallotRow;
      const other = stored?.get(voterIn(row));
      const fate = other ? await meet(db, row, other) : counted;
      fates.set(arrival, fate);
      if (repeats) standing.set(voterIn(row), fate.fate === "duplicate" && other ? other : row);
    }
  }
  if (!repeats) return fates;
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
