/** Polls as a transaction that brings ballots needs them: what decides about a ballot, and a lock on it. */
import { groupBy } from "../base/lists.ts";
import type { PollId } from "../model/ids.ts";
import type { PollKind } from "../model/poll-rules.ts";
import type { Database, Row } from "./database.ts";
import { placeholders } from "./sql-text.ts";

interface HeldRow extends Row {
  readonly id: number;
  readonly closes_at: Date | null;
  readonly finalized_at: Date | null;
  readonly kind: PollKind;
}

interface HeldOptionRow extends Row {
  readonly poll_id: number;
  readonly number: number;
}

/** What a flush needs to know of a poll. */
export interface LockedPoll {
  readonly final: boolean;
  readonly closesAtMs: number | null;
  readonly kind: PollKind;
  readonly options: ReadonlySet<number>;
}

/**
 * Those of these polls that exist; their rows stay locked against deletion and edits until the
 * transaction ends. Two queries.
 */
export async function lockPolls(
  db: Database,
  ids: readonly PollId[],
): Promise<ReadonlyMap<PollId, LockedPoll>> {
  if (ids.length === 0) return new Map();
  const list = placeholders(ids.length);
  const polls = await db.rows<HeldRow>(
    "polls.hold",
    `SELECT id, closes_at, finalized_at, kind FROM polls WHERE id IN (${list}) ORDER BY id LOCK IN SHARE MODE`,
    [...ids],
  );
  const options = await db.rows<HeldOptionRow>(
    "polls.hold_options",
    `SELECT poll_id, number FROM options WHERE poll_id IN (${list})`,
    [...ids],
  );
  const byPoll = groupBy(options, option => option.poll_id);
  return new Map(
    polls.map(row => [
      row.id as PollId,
      {
        final: row.finalized_at !== null,
        closesAtMs: row.closes_at?.getTime() ?? null,
        kind: row.kind,
        options: new Set((byPoll.get(row.id) ?? []).map(({ number }) => number)),
      },
    ]),
  );
}
