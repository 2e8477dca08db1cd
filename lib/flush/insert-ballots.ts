/**
 * Bringing ballots into MySQL, inside a transaction of the caller's: inserts what is new, and says what
 * became of the ballots that were not. The same for slots that are flushed and for batches that come straight from a
 * front.
 */
import {
  type BallotRow,
  insertBallots,
  lockBallots,
  type PreparedInsert,
  replaceBallots,
} from "../store/ballots.ts";
import type { Database } from "../store/database.ts";
import {
  type Arrival,
  ballotRow,
  bestOfEachVoter,
  counted,
  type Fate,
  fateAgainst,
  voterIn,
} from "./fates.ts";

const rowsPerInsert = 1_000;

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

/**
 * Inserts what is new and says what became of the other arrivals: who is not in the answer is `counted`.
 *
 * @param accepted - their voters were told so (`meet`).
 */
export async function insertArrivals(
  db: Database,
  arrivals: readonly Arrival[],
  accepted: boolean,
): Promise<ReadonlyMap<Arrival, Fate>> {
  const fates = new Map<Arrival, Fate>();
  const best = bestOfEachVoter(arrivals);
  const repeats = arrivals.length > best.length;
  /** The ballot that stands for a voter now; only where there are repeats. */
  const standing = new Map<string, BallotRow>();
  let next = portion(best.slice(0, rowsPerInsert));
  for (let at = rowsPerInsert; next.rows.length > 0; at += rowsPerInsert) {
    const { arrivals: portionOf, rows, insert } = next;
    const inserting = insert(db);
    next = portion(best.slice(at, at + rowsPerInsert));
    const allNew = (await inserting) === rows.length;
    const stored = allNew ? noRows : await storedBefore(db, rows);
    const replacing: BallotRow[] = [];
    for (const [index, arrival] of portionOf.entries()) {
      if (allNew && !repeats) break;
      const row = rows[index] as BallotRow;
      const other = stored.get(voterIn(row));
      const fate = other ? fateAgainst(row, other, accepted) : counted;
      if (fate !== counted) fates.set(arrival, fate);
      const stands = other ? rowThatStands(row, other, fate) : row;
      if (other && stands !== other) replacing.push(stands);
      if (repeats) standing.set(voterIn(row), stands);
    }
    await replaceBallots(db, replacing);
  }
  if (repeats) meetTheBest(arrivals, best, standing, accepted, fates);
  return fates;
}

const noRows: ReadonlyMap<string, BallotRow> = new Map();

/** What becomes of a voter's other ballots, when the best of them is in. */
function meetTheBest(
  arrivals: readonly Arrival[],
  best: readonly Arrival[],
  standing: ReadonlyMap<string, BallotRow>,
  accepted: boolean,
  fates: Map<Arrival, Fate>,
): void {
  const brought = new Set(best);
  for (const arrival of arrivals) {
    const stands = standing.get(voterIn(arrival.ballot));
    if (stands && !brought.has(arrival)) {
      fates.set(arrival, fateAgainst(ballotRow(arrival), stands, accepted));
    }
  }
}

/**
 * What stands after `row` met `other`. One that came again may have been taken before the copy that is stored: its
 * time is the earliest of them, or a ballot from in between would take its place.
 */
function rowThatStands(row: BallotRow, other: BallotRow, fate: Fate): BallotRow {
  if ("instead" in fate) return row;
  if (fate.fate !== "redelivered" || row.receivedAtMs >= other.receivedAtMs) return other;
  return { ...other, receivedAtMs: row.receivedAtMs };
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
  const stored = await lockBallots(db, rows);
  return new Map(
    stored
      .filter(row => !offered.get(voterIn(row))?.batchId.equals(row.batchId))
      .map(row => [voterIn(row), row]),
  );
}
