/** The totals of the stored ballots: the tables `poll_totals` and `option_totals`. */
import { groupBy } from "../base/lists.ts";
import type { OptionNumber, PollId, TallyPart } from "../model/ids.ts";
import { partOf, splitPart } from "../model/tally-parts.ts";
import type { Database, Row } from "./database.ts";
import { placeholders } from "./sql-text.ts";

/** A poll's ballots, and its votes by part. */
export interface Totals {
  readonly ballots: number;
  readonly votes: ReadonlyMap<TallyPart, number>;
}

/** What a flush adds to the totals of one poll. */
export interface TotalsChange {
  readonly ballots: number;
  readonly duplicates: number;
  readonly repeated: number;
  readonly replaced: number;
  readonly withdrawn: number;
  readonly setAside: number;
  readonly votes: ReadonlyMap<TallyPart, number>;
}

/** No ballots except those that count. */
export const noOthers = { duplicates: 0, repeated: 0, replaced: 0, withdrawn: 0, setAside: 0 };

interface PollTotalRow extends Row {
  readonly poll_id: number;
  readonly ballots: number;
}

interface OptionTotalRow extends Row {
  readonly poll_id: number;
  readonly option_number: OptionNumber;
  readonly measure: number;
  readonly votes: number;
}

/**
 * Adds to the totals of polls. Polls are written in the order of their ids, so that two flushes wait for each other
 * instead of deadlocking.
 */
export async function addToTotals(
  db: Database,
  changes: ReadonlyMap<PollId, TotalsChange>,
): Promise<void> {
  const polls = [...changes].sort(([a], [b]) => a - b);
  if (polls.length === 0) return;
  await db.write(
    "totals.add_polls",
    `INSERT INTO poll_totals (poll_id, ballots, duplicates, repeated, replaced, withdrawn, set_aside)
     VALUES ${polls.map(() => "(?, ?, ?, ?, ?, ?, ?)").join(", ")}
     ON DUPLICATE KEY UPDATE ballots = ballots + VALUES(ballots),
       duplicates = duplicates + VALUES(duplicates), repeated = repeated + VALUES(repeated),
       replaced = replaced + VALUES(replaced), withdrawn = withdrawn + VALUES(withdrawn),
       set_aside = set_aside + VALUES(set_aside)`,
    polls.flatMap(([id, change]) => {
      const { ballots, duplicates, repeated, replaced, withdrawn, setAside } = change;
      return [id, ballots, duplicates, repeated, replaced, withdrawn, setAside];
    }),
  );
  const options = polls.flatMap(([id, change]) =>
    [...change.votes]
      .sort(([a], [b]) => a - b)
      .map(([part, votes]) => {
        const { option, measure } = splitPart(part);
        return [id, option, measure, votes] as const;
      }),
  );
  if (options.length === 0) return;
  await db.write(
    "totals.add_options",
    `INSERT INTO option_totals (poll_id, option_number, measure, votes)
     VALUES ${options.map(() => "(?, ?, ?, ?)").join(", ")}
     ON DUPLICATE KEY UPDATE votes = votes + VALUES(votes)`,
    options.flat(),
  );
}

/** Totals of the given polls; a poll without rows is missing from the result. Two queries. */
export async function readTotals(
  db: Database,
  ids: readonly PollId[],
): Promise<ReadonlyMap<PollId, Totals>> {
  if (ids.length === 0) return new Map();
  const list = placeholders(ids.length);
  const polls = await db.rows<PollTotalRow>(
    "totals.polls",
    `SELECT poll_id, ballots FROM poll_totals WHERE poll_id IN (${list})`,
    [...ids],
  );
  const options = await db.rows<OptionTotalRow>(
    "totals.options",
    `SELECT poll_id, option_number, measure, votes FROM option_totals WHERE poll_id IN (${list})`,
    [...ids],
  );
  const byPoll = groupBy(options, row => row.poll_id);
  const votesOf = (id: number) =>
    new Map(
      byPoll
        .get(id)
        ?.map(row => [partOf(row.option_number, row.measure), Number(row.votes)] as const),
    );
  return new Map(
    polls.map(row => [
      row.poll_id as PollId,
      { ballots: Number(row.ballots), votes: votesOf(row.poll_id) },
    ]),
  );
}

/** Replaces a poll's totals by the sums of its rows. The caller has locked the poll. */
export async function replaceTotals(db: Database, id: PollId, totals: Totals): Promise<void> {
  const { ballots, votes } = totals;
  await db.write("totals.replace", "UPDATE poll_totals SET ballots = ? WHERE poll_id = ?", [
    ballots,
    id,
  ]);
  await db.write("totals.clear_options", "UPDATE option_totals SET votes = 0 WHERE poll_id = ?", [
    id,
  ]);
  await addToTotals(db, new Map([[id, { ballots: 0, ...noOthers, votes }]]));
}

/** The outcomes of a poll's ballots. */
export interface Outcomes {
  readonly counted: number;
  readonly duplicates: number;
  readonly repeated: number;
  /** Replaced by a later revision. */
  readonly replaced: number;
  /** Withdrawals that stand. */
  readonly withdrawn: number;
  readonly setAside: number;
  /** According to the worker's last check. */
  readonly lost: number;
}

export const noOutcomes: Outcomes = {
  counted: 0,
  duplicates: 0,
  repeated: 0,
  replaced: 0,
  withdrawn: 0,
  setAside: 0,
  lost: 0,
};

interface OutcomeRow extends Row {
  readonly poll_id: number;
  readonly ballots: number;
  readonly duplicates: number;
  readonly repeated: number;
  readonly replaced: number;
  readonly withdrawn: number;
  readonly set_aside: number;
  readonly lost: number;
}

/** Outcomes of the given polls. One query. */
export async function readOutcomes(
  db: Database,
  ids: readonly PollId[],
): Promise<ReadonlyMap<PollId, Outcomes>> {
  if (ids.length === 0) return new Map();
  const rows = await db.rows<OutcomeRow>(
    "totals.outcomes",
    `SELECT poll_id, ballots, duplicates, repeated, replaced, withdrawn, set_aside, lost FROM poll_totals
     WHERE poll_id IN (${placeholders(ids.length)})`,
    [...ids],
  );
  return new Map(
    rows.map(row => [
      row.poll_id as PollId,
      {
        counted: Number(row.ballots),
        duplicates: Number(row.duplicates),
        repeated: Number(row.repeated),
        replaced: Number(row.replaced),
        withdrawn: Number(row.withdrawn),
        setAside: Number(row.set_aside),
        lost: Number(row.lost),
      },
    ]),
  );
}

/** Stores the number of a poll's lost ballots. */
export async function setLost(db: Database, id: PollId, lost: number): Promise<void> {
  await db.write("totals.lost", "UPDATE poll_totals SET lost = ? WHERE poll_id = ?", [lost, id]);
}
