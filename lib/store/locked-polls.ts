/** Polls as a transaction that inserts ballots needs them: locked, with what decides about a ballot. */
import { groupBy } from "../base/lists.ts";
import type { PollId, PollKey } from "../model/ids.ts";
import type { PollKind } from "../model/poll-rules.ts";
import type { Database, Row } from "./database.ts";
import { placeholders } from "./sql-text.ts";

interface LockedRow extends Row {
  readonly id: number;
  readonly poll_key: string | number;
  readonly created_at: Date;
  readonly closes_at: Date | null;
  readonly finalized_at: Date | null;
  readonly kind: PollKind;
}

interface OptionRow extends Row {
  readonly poll_id: number;
  readonly number: number;
}

/** What decides about a poll's ballots. */
export interface LockedPoll {
  readonly key: PollKey;
  readonly createdAtMs: number;
  readonly final: boolean;
  readonly closesAtMs: number | null;
  readonly kind: PollKind;
  readonly options: ReadonlySet<number>;
}

/**
 * Locks polls against deletion and edits until the transaction ends; a poll that does not exist is missing from the
 * result. Two queries.
 */
export async function lockPolls(
  db: Database,
  ids: readonly PollId[],
): Promise<ReadonlyMap<PollId, LockedPoll>> {
  if (ids.length === 0) return new Map();
  const list = placeholders(ids.length);
  const polls = await db.rows<LockedRow>(
    "polls.share",
    `SELECT id, COALESCE(poll_key, id) AS poll_key, created_at, closes_at, finalized_at, kind FROM polls
     WHERE id IN (${list}) ORDER BY id LOCK IN SHARE MODE`,
    [...ids],
  );
  const options = await db.rows<OptionRow>(
    "polls.share_options",
    `SELECT poll_id, number FROM options WHERE poll_id IN (${list})`,
    [...ids],
  );
  const byPoll = groupBy(options, option => option.poll_id);
  return new Map(
    polls.map(row => [
      row.id as PollId,
      {
        key: String(row.poll_key) as PollKey,
        createdAtMs: row.created_at.getTime(),
        final: row.finalized_at !== null,
        closesAtMs: row.closes_at?.getTime() ?? null,
        kind: row.kind,
        options: new Set((byPoll.get(row.id) ?? []).map(({ number }) => number)),
      },
    ]),
  );
}
