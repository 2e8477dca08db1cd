/** Reads polls and their options: the tables `polls` and `options`. `poll-changes.ts` writes them. */
import type { Language } from "../base/languages.ts";
import { groupBy } from "../base/lists.ts";
import type { OptionNumber, PollId, PollKey, Slug } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import type { Database, Row } from "./database.ts";
import { type PollRulesRow, ruleColumns, rulesOf } from "./poll-rules.ts";
import { reopeningsOf } from "./reopenings.ts";
import { placeholders } from "./sql-text.ts";
import { readTotals } from "./totals.ts";

/** A row of `pollColumns`. */
export interface PollRow extends PollRulesRow {
  readonly id: number;
  readonly poll_key: string | number;
  readonly slug: string;
  readonly question: string;
  readonly description: string;
  readonly choices_min: number;
  readonly choices_max: number;
  readonly opens_at: Date | null;
  readonly closes_at: Date | null;
  readonly finalized_at: Date | null;
  readonly language: string | null;
  readonly version: number;
  readonly secret_digest: string | null;
}

interface OptionRow extends Row {
  readonly poll_id: number;
  readonly number: number;
  readonly label: string;
  readonly pinned: number;
  readonly image_url: string;
  readonly image_alt: string;
}

export const pollColumns = [
  "id, COALESCE(poll_key, id) AS poll_key, slug, question, description, choices_min, choices_max, opens_at, closes_at, finalized_at, language, version, secret_digest",
  ...ruleColumns,
].join(", ");

/** The highest number of a poll: an `INT UNSIGNED`. */
export const idMax = 2 ** 32 - 1;

/** A year that release 0.2.0 let in, and that the driver can't read, is no time. */
const momentOf = (time: Date | null) => time?.getTime() || null;

async function withOptions(db: Database, rows: readonly PollRow[]): Promise<Poll[]> {
  if (rows.length === 0) return [];
  const options = await db.rows<OptionRow>(
    "polls.options",
    `SELECT poll_id, number, label, pinned, image_url, image_alt FROM options WHERE poll_id IN (${placeholders(rows.length)})
     ORDER BY poll_id, position`,
    rows.map(row => row.id),
  );
  const byPoll = groupBy(options, option => option.poll_id);
  return rows.map(row => ({
    id: row.id as PollId,
    key: String(row.poll_key) as PollKey,
    slug: row.slug as Slug,
    question: row.question,
    description: row.description,
    choicesMin: row.choices_min,
    choicesMax: row.choices_max,
    opensAtMs: momentOf(row.opens_at),
    closesAtMs: momentOf(row.closes_at),
    finalizedAtMs: row.finalized_at?.getTime() ?? null,
    language: row.language as Language | null,
    version: row.version,
    ...(row.secret_digest !== null && { secretDigest: row.secret_digest }),
    ...rulesOf(row),
    options: (byPoll.get(row.id) ?? []).map(option => ({
      number: option.number as OptionNumber,
      label: option.label,
      ...(option.pinned === 1 && { pinned: true }),
      ...(option.image_url && { image: { url: option.image_url, alt: option.image_alt } }),
    })),
  }));
}

/** The polls of these rows with their options and what is published of a closed poll: final numbers and reopenings. */
export async function withEverything(db: Database, rows: readonly PollRow[]): Promise<Poll[]> {
  const polls = await withOptions(db, rows);
  const final = polls.filter(({ finalizedAtMs }) => finalizedAtMs !== null).map(({ id }) => id);
  const closed = rows.filter(row => row.closes_at !== null).map(row => row.id as PollId);
  const totals = await readTotals(db, final);
  const reopenings = await reopeningsOf(db, closed);
  return polls.map(poll => {
    const numbers = totals.get(poll.id);
    const reopened = reopenings.get(poll.id);
    return {
      ...poll,
      ...(numbers && { finalTotals: { ballots: numbers.ballots, votes: [...numbers.votes] } }),
      ...(reopened && { reopenings: reopened }),
    };
  });
}

/** The poll with this slug, with everything that is published of it. Two to five queries. */
export async function findPoll(db: Database, slug: Slug): Promise<Poll | undefined> {
  const rows = await db.rows<PollRow>(
    "polls.by_slug",
    `SELECT ${pollColumns} FROM polls WHERE slug = ?`,
    [slug],
  );
  return (await withEverything(db, rows))[0];
}

/** When the poll was last edited, closed or finalized; milliseconds since 1970. */
export async function pollEditedAt(db: Database, id: PollId): Promise<number | undefined> {
  const [row] = await db.rows<Row & { updated_at: Date }>(
    "polls.edited_at",
    "SELECT updated_at FROM polls WHERE id = ?",
    [id],
  );
  return row?.updated_at.getTime();
}

/** The polls with these slugs, with everything that is published of them. */
export async function pollsBySlug(db: Database, slugs: readonly Slug[]): Promise<Poll[]> {
  if (slugs.length === 0) return [];
  const rows = await db.rows<PollRow>(
    "polls.by_slugs",
    `SELECT ${pollColumns} FROM polls WHERE slug IN (${placeholders(slugs.length)})`,
    [...slugs],
  );
  return withEverything(db, rows);
}

/** The poll with this slug, with its row locked until the transaction ends. */
export async function lockPoll(db: Database, slug: Slug): Promise<Poll | undefined> {
  const rows = await db.rows<PollRow>(
    "polls.lock",
    `SELECT ${pollColumns} FROM polls WHERE slug = ? FOR UPDATE`,
    [slug],
  );
  return (await withOptions(db, rows))[0];
}

/** The newest polls, newest first. Two queries. */
export async function newestPolls(db: Database, limit: number): Promise<Poll[]> {
  const rows = await db.rows<PollRow>(
    "polls.newest",
    `SELECT ${pollColumns} FROM polls ORDER BY id DESC LIMIT ?`,
    [limit],
  );
  return withOptions(db, rows);
}

/** Polls that have been opened by MySQL's clock, newest first: all, or so many. */
export async function everOpenPolls(db: Database, limit: number = idMax): Promise<Poll[]> {
  const rows = await db.rows<PollRow>(
    "polls.ever_open",
    `SELECT ${pollColumns} FROM polls WHERE opens_at <= NOW(3) ORDER BY id DESC LIMIT ?`,
    [limit],
  );
  return withOptions(db, rows);
}

/** The ids of all polls. */
export async function allPollIds(db: Database): Promise<PollId[]> {
  const rows = await db.rows<Row & Pick<PollRow, "id">>("polls.ids", "SELECT id FROM polls");
  return rows.map(row => row.id as PollId);
}

/** Polls past their closing time that are not final yet, oldest first. */
export async function closingPolls(db: Database, nowMs: number): Promise<Poll[]> {
  const rows = await db.rows<PollRow>(
    "polls.closing",
    `SELECT ${pollColumns} FROM polls WHERE finalized_at IS NULL AND closes_at <= ? ORDER BY closes_at`,
    [new Date(nowMs)],
  );
  return withOptions(db, rows);
}

/** Polls whose tallies may still change: opened, and not final. */
export async function countingPolls(db: Database, nowMs: number): Promise<Poll[]> {
  const rows = await db.rows<PollRow>(
    "polls.counting",
    `SELECT ${pollColumns} FROM polls WHERE finalized_at IS NULL AND opens_at <= ? ORDER BY id DESC`,
    [new Date(nowMs)],
  );
  return withOptions(db, rows);
}

/** Polls whose tallies are compared with their totals: opened, and not final or final since a moment. */
export async function pollsToCompare(
  db: Database,
  nowMs: number,
  finalSinceMs: number,
): Promise<Poll[]> {
  const rows = await db.rows<PollRow>(
    "polls.to_compare",
    `SELECT ${pollColumns} FROM polls
     WHERE (finalized_at IS NULL OR finalized_at >= ?) AND opens_at <= ? ORDER BY id DESC`,
    [new Date(finalSinceMs), new Date(nowMs)],
  );
  return withOptions(db, rows);
}

/** The polls with these ids. */
export async function pollsById(db: Database, ids: readonly PollId[]): Promise<Poll[]> {
  if (ids.length === 0) return [];
  const rows = await db.rows<PollRow>(
    "polls.by_id",
    `SELECT ${pollColumns} FROM polls WHERE id IN (${placeholders(ids.length)})`,
    [...ids],
  );
  return withOptions(db, rows);
}

/** Ranked polls whose runoff may change: opened, and not final or final since a moment. */
export async function rankedPolls(
  db: Database,
  nowMs: number,
  finalSinceMs: number,
): Promise<Poll[]> {
  const rows = await db.rows<PollRow>(
    "polls.ranked",
    `SELECT ${pollColumns} FROM polls
     WHERE (finalized_at IS NULL OR finalized_at >= ?) AND kind = 'ranked' AND opens_at <= ?
     ORDER BY id DESC`,
    [new Date(finalSinceMs), new Date(nowMs)],
  );
  return withOptions(db, rows);
}

/** The next `limit` final ranked polls before one in the order of their numbers, the newest first. */
export async function finalRankedPolls(
  db: Database,
  before: PollId | undefined,
  limit: number,
): Promise<Poll[]> {
  const rows = await db.rows<PollRow>(
    "polls.ranked_final",
    `SELECT ${pollColumns} FROM polls WHERE kind = 'ranked' AND finalized_at IS NOT NULL AND id < ?
     ORDER BY id DESC LIMIT ?`,
    [before ?? idMax + 1, limit],
  );
  return withOptions(db, rows);
}

/** Polls edited, closed or finalized at or after a moment, with everything that is published of them. */
export async function pollsChangedSince(db: Database, sinceMs: number): Promise<Poll[]> {
  const rows = await db.rows<PollRow>(
    "polls.changed",
    `SELECT ${pollColumns} FROM polls WHERE updated_at >= ? ORDER BY updated_at`,
    [new Date(sinceMs)],
  );
  return withEverything(db, rows);
}

/** Polls that are not final, with everything that is published of them. */
export async function pollsNotFinal(db: Database): Promise<Poll[]> {
  const rows = await db.rows<PollRow>(
    "polls.not_final",
    `SELECT ${pollColumns} FROM polls WHERE finalized_at IS NULL`,
  );
  return withEverything(db, rows);
}

/** Polls that are not final and have the same secret. */
export interface PollsOfSecret {
  /** `null`: not noted yet. */
  readonly digest: string | null;
  readonly polls: number;
  /** One of them. */
  readonly slug: Slug;
}

/** The secrets that polls which are not final need. */
export async function secretsInUse(db: Database): Promise<PollsOfSecret[]> {
  const rows = await db.rows<Row & { digest: string | null; polls: number; slug: string }>(
    "polls.secrets",
    `SELECT secret_digest AS digest, COUNT(*) AS polls, MIN(slug) AS slug FROM polls
     WHERE finalized_at IS NULL GROUP BY secret_digest`,
  );
  return rows.map(({ digest, polls, slug }) => ({
    digest,
    polls: Number(polls),
    slug: slug as Slug,
  }));
}
