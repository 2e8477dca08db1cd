/** What the stored ballots add up to: the tables `poll_totals` and `option_totals`. */
import type { OptionNumber, PollId } from "../ids.ts";
import { type Database, placeholders, type Row } from "./pool.ts";

/** Ballots of one poll, and votes by option number. */
export interface Totals {
  readonly ballots: number;
  readonly votes: ReadonlyMap<OptionNumber, number>;
}

/** What a flush adds to one poll. */
export interface TotalsChange {
  readonly ballots: number;
  readonly duplicates: number;
  readonly votes: ReadonlyMap<OptionNumber, number>;
}

interface PollTotalRow extends Row {
  readonly poll_id: number;
  readonly ballots: number;
}

interface OptionTotalRow extends Row {
  readonly poll_id: number;
  readonly option_number: number;
  readonly votes: number;
}

/**
 * Adds to the totals of polls. The rows were made with the poll; polls are taken in the order of their
 * numbers, so that two flushes wait for each other instead of deadlocking.
 */
export async function addToTotals(
  db: Database,
  changes: ReadonlyMap<PollId, TotalsChange>,
): Promise<void> {
  const polls = [...changes].sort(([a], [b]) => a - b);
  if (polls.length === 0) return;
  await db.write(
    "totals.add_polls",
    `INSERT INTO poll_totals (poll_id, ballots, duplicates) VALUES ${polls.map(() => "(?, ?, ?)").join(", ")}
     ON DUPLICATE KEY UPDATE ballots = ballots + VALUES(ballots),
       duplicates = duplicates + VALUES(duplicates)`,
    polls.flatMap(([id, change]) => [id, change.ballots, change.duplicates]),
  );
  const options = polls.flatMap(([id, change]) =>
    [...change.votes]
      .sort(([a], [b]) => a - b)
      .map(([option, votes]) => [id, option, votes] as const),
  );
  if (options.length === 0) return;
  await db.write(
    "totals.add_options",
    `INSERT INTO option_totals (poll_id, option_number, votes)
     VALUES ${options.map(() => "(?, ?, ?)").join(", ")}
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
    `SELECT poll_id, option_number, votes FROM option_totals WHERE poll_id IN (${list})`,
    [...ids],
  );
  const votesOf = (id: number) =>
    new Map(
      options
        .filter(row => row.poll_id === id)
        .map(row => [row.option_number as OptionNumber, Number(row.votes)] as const),
    );
  return new Map(
    polls.map(row => [
      row.poll_id as PollId,
      { ballots: Number(row.ballots), votes: votesOf(row.poll_id) },
    ]),
  );
}
