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

interface PortionRow extends Row {
  readonly first: number | null;
  readonly last: number | null;
  readonly polls: number;
}

interface SumRow extends Row {
  readonly poll_id: number;
  readonly accepted: number;
  readonly arrived: number;
}

/** The greatest number that the column `polls.id` can hold. */
const idMax = 2 ** 32 - 1;

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

/** What is missing in some polls. */
export interface MissingPortion {
  readonly missing: readonly Omit<Acceptance, "ballots">[];
  /** All polls before this one are left; `undefined`: none is. */
  readonly before: PollId | undefined;
}

/**
 * Which runs of fronts accepted ballots that have not arrived, in so many of the polls with lower ids than `before`,
 * the newest first. A final poll is left out when its books say of all these ballots that they are lost. Two queries.
 */
export async function missingAcceptances(
  db: Database,
  before: PollId | undefined,
  pollsMax: number,
): Promise<MissingPortion> {
  const [portion] = await db.rows<PortionRow>(
    "acceptances.portion",
    `SELECT MIN(id) AS first, MAX(id) AS last, COUNT(*) AS polls FROM (
       SELECT id FROM polls WHERE id < ? ORDER BY id DESC LIMIT ?) AS next_polls`,
    [before ?? idMax + 1, pollsMax],
  );
  if (!portion || portion.first === null || portion.last === null) {
    return { missing: [], before: undefined };
  }
  const rows = await db.rows<MissingRow>(
    "acceptances.missing",
    `SELECT acceptances.poll_id, producer, COALESCE(poll_key, id) AS poll_key
     FROM polls JOIN acceptances ON acceptances.poll_id = id
       LEFT JOIN poll_totals ON poll_totals.poll_id = id
     WHERE id BETWEEN ? AND ? AND accepted > arrived AND (finalized_at IS NULL OR
       COALESCE(lost, 0) <> (SELECT SUM(GREATEST(accepted - arrived, 0)) FROM acceptances AS counts
         WHERE counts.poll_id = id))`,
    [portion.first, portion.last],
  );
  const missing = rows.map(({ poll_id, poll_key, producer }) => ({
    pollId: poll_id as PollId,
    pollKey: String(poll_key) as PollKey,
    producer,
  }));
  const isLast = Number(portion.polls) < pollsMax;
  return { missing, before: isLast ? undefined : (portion.first as PollId) };
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
