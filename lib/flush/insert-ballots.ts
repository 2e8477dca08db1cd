/**
 * Inserts ballots into MySQL, inside the caller's transaction, and finds the fates of those that are not new. The
 * same for flushed slots, direct batches and dead letters.
 */
import {
  type BallotRow,
  insertBallots,
  lockBallots,
  type PreparedInsert,
  replaceBallots,
} from "../store/ballots.ts";
import type { Database } from "../store/database.ts";
import { ballotLoadOf } from "../store/load-ballots.ts";
import {
  type Arrival,
  ballotRow,
  bestOfEachVoter,
  countedFate,
  type Fate,
  fateAgainst,
  voterIn,
} from "./fates.ts";
import type { Loading } from "./loading.ts";

const rowsPerInsertDefault = 1_000;

/** How rows get into the table. */
export interface InsertOptions {
  /** Ballots in one INSERT. */
  readonly rowsPerInsert?: number;
  /** Absent: nothing is loaded. */
  readonly loading?: Loading | undefined;
}

/** Some arrivals, their rows, and the statement that inserts those. */
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
 * Inserts the ballots of new voters, replaces stored ballots that no longer stand, and resolves with the fates; an
 * arrival that is not in the map is `counted`.
 *
 * @param accepted - their voters were told that they are accepted (`fateAgainst`).
 */
export async function insertArrivals(
  db: Database,
  arrivals: readonly Arrival[],
  accepted: boolean,
  { rowsPerInsert = rowsPerInsertDefault, loading }: InsertOptions = {},
): Promise<ReadonlyMap<Arrival, Fate>> {
  const fates = new Map<Arrival, Fate>();
  const best = bestOfEachVoter(arrivals);
  const repeats = arrivals.length > best.length;
  /** The ballot that stands for a voter now; only where there are repeats. */
  const standing = new Map(
    (repeats ? best : []).map(each => [voterIn(each.ballot), ballotRow(each)]),
  );
  const left = loading ? await withoutLoaded(db, best, loading) : best;
  let next = portion(left.slice(0, rowsPerInsert));
  for (let at = rowsPerInsert; next.rows.length > 0; at += rowsPerInsert) {
    const { arrivals: portionOf, rows, insert } = next;
    const inserting = insert(db);
    next = portion(left.slice(at, at + rowsPerInsert));
    const allNew = (await inserting) === rows.length;
    const stored = allNew ? noRows : await storedBefore(db, rows);
    const replacing: BallotRow[] = [];
    for (const [index, arrival] of portionOf.entries()) {
      if (allNew && !repeats) break;
      const row = rows[index] as BallotRow;
      const other = stored.get(voterIn(row));
      const fate = other ? fateAgainst(row, other, accepted) : countedFate;
      if (fate !== countedFate) fates.set(arrival, fate);
      const stands = other ? rowThatStands(row, other, fate) : row;
      if (other && stands !== other) replacing.push(stands);
      if (repeats) standing.set(voterIn(row), stands);
    }
    await replaceBallots(db, replacing);
  }
  if (repeats) addFatesOfOthers(arrivals, best, standing, accepted, fates);
  return fates;
}

/** Loads the first ballots of voters, if that is possible; gives the arrivals that are left to insert. */
async function withoutLoaded(
  db: Database,
  best: readonly Arrival[],
  loading: Loading,
): Promise<readonly Arrival[]> {
  // A change meets its voter's row, so a load with one is always taken back.
  const firsts = best.filter(({ ballot }) => ballot.revision === 0);
  const prepare = () => ballotLoadOf(firsts.map(ballotRow));
  if (!(await loading.load(db, firsts.length, prepare))) return best;
  return best.filter(({ ballot }) => ballot.revision > 0);
}

const noRows: ReadonlyMap<string, BallotRow> = new Map();

/** Adds the fates of a voter's other ballots, once the best of them is stored. */
function addFatesOfOthers(
  arrivals: readonly Arrival[],
  best: readonly Arrival[],
  standing: ReadonlyMap<string, BallotRow>,
  accepted: boolean,
  fates: Map<Arrival, Fate>,
): void {
  const inserted = new Set(best);
  for (const arrival of arrivals) {
    const stands = standing.get(voterIn(arrival.ballot));
    if (stands && !inserted.has(arrival)) {
      fates.set(arrival, fateAgainst(ballotRow(arrival), stands, accepted));
    }
  }
}

/**
 * The row that stands after `row` met `other`. A redelivered ballot may have been received before the stored copy:
 * the earlier time is kept, or a ballot from in between would replace it.
 */
function rowThatStands(row: BallotRow, other: BallotRow, fate: Fate): BallotRow {
  if ("instead" in fate) return row;
  if (fate.fate !== "redelivered" || row.receivedAtMs >= other.receivedAtMs) return other;
  return { ...other, receivedAtMs: row.receivedAtMs };
}

/**
 * The ballots of these voters that were stored before this transaction. A row that this transaction inserted has the
 * id of its batch, and no earlier row can have it: batches are committed once.
 */
async function storedBefore(
  db: Database,
  rows: readonly BallotRow[],
): Promise<ReadonlyMap<string, BallotRow>> {
  const ours = new Map(rows.map(row => [voterIn(row), row]));
  const stored = await lockBallots(db, rows);
  return new Map(
    stored
      .filter(row => !ours.get(voterIn(row))?.batchId.equals(row.batchId))
      .map(row => [voterIn(row), row]),
  );
}
