/** Polls and their options in MySQL: the tables `polls` and `options`. */

import type { OptionNumber, PollId, Slug } from "../ids.ts";
import type { Language } from "../languages.ts";
import {
  type PollKind,
  type PollRules,
  type PollRulesRow,
  ruleColumns,
  rulesOf,
  ruleValues,
} from "./poll-rules.ts";
import { type Database, placeholders, type Row } from "./pool.ts";

/** An image of an option: an https address or a path on this site, and what it shows, in words. */
export interface OptionImage {
  readonly url: string;
  readonly alt: string;
}

export interface PollOption {
  readonly number: OptionNumber;
  readonly label: string;
  readonly image?: OptionImage;
  /** Keeps its place at the end when the order is random. */
  readonly pinned?: boolean;
}

/** A poll as it is stored, published and passed around. Times are milliseconds since 1970, UTC. */
export interface Poll extends PollRules {
  readonly id: PollId;
  readonly slug: Slug;
  readonly question: string;
  readonly description: string;
  readonly choicesMin: number;
  readonly choicesMax: number;
  /** `null`: a draft. */
  readonly opensAtMs: number | null;
  /** `null`: open until somebody closes it. */
  readonly closesAtMs: number | null;
  /** Set once every ballot has been counted. */
  readonly finalizedAtMs: number | null;
  /** Of the page around the editor's words; `null`: what each reader's browser asks for. */
  readonly language: Language | null;
  /** Goes up with each edit. */
  readonly version: number;
  /** In the order of the page. */
  readonly options: readonly PollOption[];
}

/** What an editor decides about a poll. */
export type PollContent = Omit<Poll, "id" | "version" | "finalizedAtMs">;

interface PollRow extends PollRulesRow {
  readonly id: number;
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
}

interface OptionRow extends Row {
  readonly poll_id: number;
  readonly number: number;
  readonly label: string;
  readonly pinned: number;
  readonly image_url: string;
  readonly image_alt: string;
}

const columns = [
  "id, slug, question, description, choices_min, choices_max, opens_at, closes_at, finalized_at, language, version",
  ...ruleColumns,
].join(", ");

async function withOptions(db: Database, rows: readonly PollRow[]): Promise<Poll[]> {
  if (rows.length === 0) return [];
  const options = await db.rows<OptionRow>(
    "polls.options",
    `SELECT poll_id, number, label, pinned, image_url, image_alt FROM options WHERE poll_id IN (${placeholders(rows.length)})
     ORDER BY poll_id, position`,
    rows.map(row => row.id),
  );
  return rows.map(row => ({
    id: row.id as PollId,
    slug: row.slug as Slug,
    question: row.question,
    description: row.description,
    choicesMin: row.choices_min,
    choicesMax: row.choices_max,
    opensAtMs: row.opens_at?.getTime() ?? null,
    closesAtMs: row.closes_at?.getTime() ?? null,
    finalizedAtMs: row.finalized_at?.getTime() ?? null,
    language: row.language as Language | null,
    version: row.version,
    ...rulesOf(row),
    options: options
      .filter(option => option.poll_id === row.id)
      .map(option => ({
        number: option.number as OptionNumber,
        label: option.label,
        ...(option.pinned === 1 && { pinned: true }),
        ...(option.image_url && { image: { url: option.image_url, alt: option.image_alt } }),
      })),
  }));
}

/** The poll of that slug. Two queries. */
export async function findPoll(db: Database, slug: Slug): Promise<Poll | undefined> {
  const rows = await db.rows<PollRow>(
    "polls.by_slug",
    `SELECT ${columns} FROM polls WHERE slug = ?`,
    [slug],
  );
  return (await withOptions(db, rows))[0];
}

/** Same, holding its row until the transaction ends. */
export async function lockPoll(db: Database, slug: Slug): Promise<Poll | undefined> {
  const rows = await db.rows<PollRow>(
    "polls.lock",
    `SELECT ${columns} FROM polls WHERE slug = ? FOR UPDATE`,
    [slug],
  );
  return (await withOptions(db, rows))[0];
}

/** The newest polls, newest first. Two queries. */
export async function newestPolls(db: Database, limit: number): Promise<Poll[]> {
  const rows = await db.rows<PollRow>(
    "polls.newest",
    `SELECT ${columns} FROM polls ORDER BY id DESC LIMIT ?`,
    [limit],
  );
  return withOptions(db, rows);
}

/** Polls that readers are shown a list of: open or opening, and those that closed lately. */
export async function listedPolls(
  db: Database,
  closedSinceMs: number,
  limit: number,
): Promise<Poll[]> {
  const rows = await db.rows<PollRow>(
    "polls.listed",
    `SELECT ${columns} FROM polls
     WHERE opens_at IS NOT NULL AND (closes_at IS NULL OR closes_at > ?)
     ORDER BY opens_at DESC, id DESC LIMIT ?`,
    [new Date(closedSinceMs), limit],
  );
  return withOptions(db, rows);
}

/** Polls that have ever been open, newest first. */
export async function everOpenPolls(db: Database, nowMs: number): Promise<Poll[]> {
  const rows = await db.rows<PollRow>(
    "polls.ever_open",
    `SELECT ${columns} FROM polls WHERE opens_at <= ? ORDER BY id DESC`,
    [new Date(nowMs)],
  );
  return withOptions(db, rows);
}

/** Every poll's number. */
export async function allPollIds(db: Database): Promise<PollId[]> {
  const rows = await db.rows<PollRow>("polls.ids", "SELECT id FROM polls");
  return rows.map(row => row.id as PollId);
}

/** Polls past their closing time that are not final yet, oldest first. */
export async function closingPolls(db: Database, nowMs: number): Promise<Poll[]> {
  const rows = await db.rows<PollRow>(
    "polls.closing",
    `SELECT ${columns} FROM polls WHERE finalized_at IS NULL AND closes_at <= ? ORDER BY closes_at`,
    [new Date(nowMs)],
  );
  return withOptions(db, rows);
}

/** Polls whose tallies may still change: opened, and not final. */
export async function countingPolls(db: Database, nowMs: number): Promise<Poll[]> {
  const rows = await db.rows<PollRow>(
    "polls.counting",
    `SELECT ${columns} FROM polls WHERE finalized_at IS NULL AND opens_at <= ? ORDER BY id DESC`,
    [new Date(nowMs)],
  );
  return withOptions(db, rows);
}

/** The newest ranked polls that have been opened, counting or final. */
export async function rankedPolls(db: Database, nowMs: number): Promise<Poll[]> {
  const rows = await db.rows<PollRow>(
    "polls.ranked",
    `SELECT ${columns} FROM polls WHERE kind = 'ranked' AND opens_at <= ? ORDER BY id DESC LIMIT 100`,
    [new Date(nowMs)],
  );
  return withOptions(db, rows);
}

/** Polls edited, closed or finalized at or after a moment. */
export async function pollsChangedSince(db: Database, sinceMs: number): Promise<Poll[]> {
  const rows = await db.rows<PollRow>(
    "polls.changed",
    `SELECT ${columns} FROM polls WHERE updated_at >= ? ORDER BY updated_at`,
    [new Date(sinceMs)],
  );
  return withOptions(db, rows);
}

/**
 * Inserts a poll with its options and empty totals.
 *
 * @throws StoreFailure `duplicate` when the slug is taken.
 */
export async function insertPoll(
  db: Database,
  content: PollContent,
  nowMs: number,
): Promise<PollId> {
  const now = new Date(nowMs);
  const { insertId } = await db.write(
    "polls.insert",
    `INSERT INTO polls (${contentColumns.join(", ")}, created_at, updated_at)
     VALUES (${placeholders(contentColumns.length + 2)})`,
    [...contentValues(content), now, now],
  );
  const id = insertId as PollId;
  await insertOptions(db, id, content.options);
  await db.write("polls.insert_totals", "INSERT INTO poll_totals (poll_id) VALUES (?)", [id]);
  return id;
}

const contentColumns = [
  "slug",
  "question",
  "description",
  "choices_min",
  "choices_max",
  "opens_at",
  "closes_at",
  "language",
  ...ruleColumns,
] as const;

/** In the order of `contentColumns`. */
function contentValues(content: PollContent): (string | number | Date | null)[] {
  const time = (ms: number | null) => (ms === null ? null : new Date(ms));
  return [
    content.slug,
    content.question,
    content.description,
    content.choicesMin,
    content.choicesMax,
    time(content.opensAtMs),
    time(content.closesAtMs),
    content.language,
    ...ruleValues(content),
  ];
}

/** Numbers and positions are the caller's; totals begin at 0. */
async function insertOptions(
  db: Database,
  id: PollId,
  options: readonly PollOption[],
): Promise<void> {
  const values = options.flatMap((option, position) => [
    id,
    option.number,
    position,
    option.label,
    option.pinned ? 1 : 0,
    option.image?.url ?? "",
    option.image?.alt ?? "",
  ]);
  await db.write(
    "polls.insert_options",
    `INSERT INTO options (poll_id, number, position, label, pinned, image_url, image_alt)
     VALUES ${options.map(() => "(?, ?, ?, ?, ?, ?, ?)").join(", ")}`,
    values,
  );
  await db.write(
    "polls.insert_option_totals",
    `INSERT INTO option_totals (poll_id, option_number) VALUES ${options.map(() => "(?, ?)").join(", ")}`,
    options.flatMap(option => [id, option.number]),
  );
}

/** Writes everything an editor decides but the options, and counts the version up. */
export async function updatePoll(
  db: Database,
  id: PollId,
  content: PollContent,
  nowMs: number,
): Promise<void> {
  await db.write(
    "polls.update",
    `UPDATE polls SET ${contentColumns.map(column => `${column} = ?`).join(", ")}, updated_at = ?,
       version = version + 1 WHERE id = ?`,
    [...contentValues(content), new Date(nowMs), id],
  );
}

/** Replaces the options, and with them their (empty) totals. */
export async function replaceOptions(
  db: Database,
  id: PollId,
  options: readonly PollOption[],
): Promise<void> {
  await db.write("polls.delete_options", "DELETE FROM options WHERE poll_id = ?", [id]);
  await insertOptions(db, id, options);
}

/** Marks a poll final. False when somebody else was first. */
export async function finalizePoll(db: Database, id: PollId, nowMs: number): Promise<boolean> {
  const { affectedRows } = await db.write(
    "polls.finalize",
    `UPDATE polls SET finalized_at = ?, updated_at = ?, version = version + 1
     WHERE id = ? AND finalized_at IS NULL`,
    [new Date(nowMs), new Date(nowMs), id],
  );
  return affectedRows === 1;
}

/** Deletes a poll, its options, totals, ballots and books. */
export async function deletePoll(db: Database, id: PollId): Promise<void> {
  await db.write("polls.delete_ballots", "DELETE FROM ballots WHERE poll_id = ?", [id]);
  await db.write("polls.delete_books", "DELETE FROM acceptances WHERE poll_id = ?", [id]);
  await db.write("polls.delete", "DELETE FROM polls WHERE id = ?", [id]);
}

/** What a flush needs to know of a poll. */
export interface HeldPoll {
  readonly final: boolean;
  readonly closesAtMs: number | null;
  readonly kind: PollKind;
  readonly options: ReadonlySet<number>;
}

/**
 * Those of these polls that exist; their rows stay locked against deletion and edits until the
 * transaction ends. Two queries.
 */
export async function holdPolls(
  db: Database,
  ids: readonly PollId[],
): Promise<ReadonlyMap<PollId, HeldPoll>> {
  if (ids.length === 0) return new Map();
  const list = placeholders(ids.length);
  const polls = await db.rows<PollRow>(
    "polls.hold",
    `SELECT id, closes_at, finalized_at, kind FROM polls WHERE id IN (${list}) ORDER BY id LOCK IN SHARE MODE`,
    [...ids],
  );
  const options = await db.rows<OptionRow>(
    "polls.hold_options",
    `SELECT poll_id, number FROM options WHERE poll_id IN (${list})`,
    [...ids],
  );
  return new Map(
    polls.map(row => [
      row.id as PollId,
      {
        final: row.finalized_at !== null,
        closesAtMs: row.closes_at?.getTime() ?? null,
        kind: row.kind,
        options: new Set(options.filter(o => o.poll_id === row.id).map(o => o.number)),
      },
    ]),
  );
}
