/** What each run of a front accepted, and what of it arrived: the table `acceptances`. */
import type { PollId, PollKey } from "../model/ids.ts";
import type { PollReference } from "../model/poll-key.ts";
import type { Database, Row } from "./database.ts";
import { hexLiteral, placeholders } from "./sql-text.ts";

/** A number of ballots of one poll and one run of a front. */
export interface Acceptance extends PollReference {
  /** 8 bytes. */
  readonly producer: Buffer;
  readonly ballots: number;
}

interface MissingRow extends Row {
  readonly poll_id: number;
  readonly poll_key: string | number;
  readonly producer: Buffer;
}

interface SumRow extends Row {
  readonly poll_id: number;
  readonly accepted: number;
  readonly arrived: number;
}

/** In the order of the key, so that two writers of the same rows wait instead of deadlocking. */
function valuesOf(entries: readonly Acceptance[]): string {
  return [...entries]
    .sort((a, b) => a.pollId - b.pollId || Buffer.compare(a.producer, b.producer))
    .map(({ pollId, producer, ballots }) => `(${pollId},${hexLiteral(producer)},${ballots})`)
    .join(",");
}

/**
 * Raises the numbers that fronts have accepted so far; they never go down. What was accepted for a poll that does not
 * exist is left out, also when its number is another poll's now.
 */
export async function raiseAccepted(db: Database, entries: readonly Acceptance[]): Promise<void> {
  if (entries.length === 0) return;
  const counts = entries.map(
    ({ pollId, pollKey, producer, ballots }) =>
      `SELECT ${pollId} AS id, ${pollKey ?? "NULL"} AS poll_key, ${hexLiteral(producer)} AS producer,
         ${ballots} AS ballots`,
  );
  await db.writeText(
    "acceptances.raise",
    `INSERT INTO acceptances (poll_id, producer, accepted)
     SELECT polls.id, counts.producer, counts.ballots FROM (${counts.join(" UNION ALL ")}) AS counts
     JOIN polls ON polls.id = counts.id AND
       COALESCE(polls.poll_key, polls.id) = COALESCE(counts.poll_key, polls.poll_key, polls.id)
     ORDER BY polls.id, counts.producer
     ON DUPLICATE KEY UPDATE accepted = GREATEST(acceptances.accepted, VALUES(accepted))`,
  );
}

/** Which runs of fronts accepted ballots, of which polls, that have not arrived. */
export async function missingAcceptances(
  db: Database,
): Promise<readonly Omit<Acceptance, "ballots">[]> {
  const rows = await db.rows<MissingRow>(
    "acceptances.missing",
    `SELECT poll_id, producer, COALESCE(poll_key, id) AS poll_key
     FROM acceptances JOIN polls ON polls.id = poll_id WHERE accepted > arrived`,
  );
  return rows.map(({ poll_id, poll_key, producer }) => ({
    pollId: poll_id as PollId,
    pollKey: String(poll_key) as PollKey,
    producer,
  }));
}

/** Adds what arrived in new batches, in the transaction that commits them. */
export async function addArrived(db: Database, entries: readonly Acceptance[]): Promise<void> {
  if (entries.length === 0) return;
  await db.writeText(
    "acceptances.arrive",
    `INSERT INTO acceptances (poll_id, producer, arrived) VALUES ${valuesOf(entries)}
     ON DUPLICATE KEY UPDATE arrived = arrived + VALUES(arrived)`,
  );
}

export interface AcceptanceSum {
  readonly accepted: number;
  readonly arrived: number;
}

/**
 * Sums by poll. A ballot that arrived counts as accepted, even when its front died before it could report it: the
 * voter's answer may have been lost, too.
 */
export async function sumAcceptances(
  db: Database,
  ids: readonly PollId[],
): Promise<ReadonlyMap<PollId, AcceptanceSum>> {
  if (ids.length === 0) return new Map();
  const rows = await db.rows<SumRow>(
    "acceptances.sum",
    `SELECT poll_id, SUM(GREATEST(accepted, arrived)) AS accepted, SUM(arrived) AS arrived
     FROM acceptances WHERE poll_id IN (${placeholders(ids.length)}) GROUP BY poll_id`,
    [...ids],
  );
  return new Map(
    rows.map(row => [
      row.poll_id as PollId,
      { accepted: Number(row.accepted), arrived: Number(row.arrived) },
    ]),
  );
}
