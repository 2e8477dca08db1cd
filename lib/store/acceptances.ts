/** What each run of a front accepted, and what of it arrived: the table `acceptances`. */
import type { PollId } from "../model/ids.ts";
import type { Database, Row } from "./database.ts";
import { hexLiteral, placeholders } from "./sql-text.ts";

/** A number of ballots of one poll and one run of a front. */
export interface Acceptance {
  readonly pollId: PollId;
  /** 8 bytes. */
  readonly producer: Buffer;
  readonly ballots: number;
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

/** Raises the numbers that fronts have accepted so far; they never go down. */
export async function raiseAccepted(db: Database, entries: readonly Acceptance[]): Promise<void> {
  if (entries.length === 0) return;
  await db.writeText(
    "acceptances.raise",
    `INSERT INTO acceptances (poll_id, producer, accepted) VALUES ${valuesOf(entries)}
     ON DUPLICATE KEY UPDATE accepted = GREATEST(accepted, VALUES(accepted))`,
  );
}

/** Which runs of fronts accepted ballots, of which polls, that have not arrived. */
export async function missingAcceptances(
  db: Database,
): Promise<readonly Pick<Acceptance, "pollId" | "producer">[]> {
  const rows = await db.rows<Row & { readonly poll_id: number; readonly producer: Buffer }>(
    "acceptances.missing",
    "SELECT poll_id, producer FROM acceptances WHERE accepted > arrived",
  );
  return rows.map(({ poll_id, producer }) => ({ pollId: poll_id as PollId, producer }));
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
