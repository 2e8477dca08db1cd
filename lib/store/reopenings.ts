/** Reopened counts of final polls, with their reasons: the table `reopenings`. */
import { groupBy } from "../base/lists.ts";
import type { PollId } from "../model/ids.ts";
import type { Reopening } from "../model/poll.ts";
import type { Database, Row } from "./database.ts";
import { placeholders } from "./sql-text.ts";

interface ReopeningRow extends Row {
  readonly poll_id: number;
  readonly reopened_at: Date;
  readonly reason: string;
  readonly ballots_before: number;
  readonly ballots_after: number | null;
  readonly final_at: Date | null;
}

/** Notes that a poll's count is reopened. The caller holds the poll's row. */
export async function insertReopening(
  db: Database,
  pollId: PollId,
  {
    reason,
    by,
    ballots,
  }: { readonly reason: string; readonly by: string; readonly ballots: number },
  nowMs: number,
): Promise<void> {
  await db.write(
    "reopenings.insert",
    `INSERT INTO reopenings (poll_id, reopened_at, reopened_by, reason, ballots_before)
     VALUES (?, ?, ?, ?, ?)`,
    [pollId, new Date(nowMs), by.slice(0, 255), reason, ballots],
  );
}

/** Notes that a poll is final again. */
export async function completeReopenings(
  db: Database,
  pollId: PollId,
  nowMs: number,
): Promise<void> {
  await db.write(
    "reopenings.complete",
    `UPDATE reopenings SET final_at = ?, ballots_after =
       (SELECT ballots FROM poll_totals WHERE poll_totals.poll_id = reopenings.poll_id)
     WHERE poll_id = ? AND final_at IS NULL`,
    [new Date(nowMs), pollId],
  );
}

/** The reopenings of polls, oldest first. One query. */
export async function reopeningsOf(
  db: Database,
  ids: readonly PollId[],
): Promise<ReadonlyMap<PollId, readonly Reopening[]>> {
  if (ids.length === 0) return new Map();
  const rows = await db.rows<ReopeningRow>(
    "reopenings.of",
    `SELECT poll_id, reopened_at, reason, ballots_before, ballots_after, final_at FROM reopenings
     WHERE poll_id IN (${placeholders(ids.length)}) ORDER BY id`,
    [...ids],
  );
  const byPoll = groupBy(rows, row => row.poll_id as PollId);
  return new Map([...byPoll].map(([id, found]) => [id, found.map(reopening)] as const));
}

const reopening = (row: ReopeningRow): Reopening => ({
  reopenedAtMs: row.reopened_at.getTime(),
  reason: row.reason,
  ballotsBefore: Number(row.ballots_before),
  ballotsAfter: row.ballots_after === null ? null : Number(row.ballots_after),
  finalAtMs: row.final_at?.getTime() ?? null,
});
