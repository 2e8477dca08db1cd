/** Writes polls and their options: editors' changes, and the end of counting. */
import type { PollId, PollKey, Slug } from "../model/ids.ts";
import type { Poll, PollContent, PollOption } from "../model/poll.ts";
import type { Database, Row } from "./database.ts";
import { takeSlug } from "./former-slugs.ts";
import { ruleColumns, ruleValues } from "./poll-rules.ts";
import { placeholders } from "./sql-text.ts";

/** A poll that is inserted. `null`: it is known by its number, as the polls that release 0.2.0 made. */
export type NewPoll = PollContent &
  Pick<Poll, "secretDigest"> & {
    readonly key: PollKey | null;
    /** Makes the creation idempotent (`polls/creation-key.ts`). */
    readonly creation?: { readonly key: string; readonly digest: string } | undefined;
  };

/** The poll that was created under a key, and the digest of what was asked for. */
export async function findCreation(
  db: Database,
  key: string,
): Promise<{ readonly slug: Slug; readonly digest: string } | undefined> {
  const rows = await db.rows<Row & { slug: string; creation_digest: string }>(
    "polls.creation",
    "SELECT slug, creation_digest FROM polls WHERE creation_key = ?",
    [key],
  );
  return rows[0] && { slug: rows[0].slug as Slug, digest: rows[0].creation_digest };
}

/**
 * Inserts a poll with its options and empty totals. What is left of an earlier poll that had the same number, before
 * MySQL went back, is not this poll's.
 *
 * @throws StoreFailure `duplicate` when the slug or the creation key is taken.
 */
export async function insertPoll(
  db: Database,
  { key, secretDigest, creation, ...content }: NewPoll,
  nowMs: number,
): Promise<PollId> {
  const now = new Date(nowMs);
  const { insertId } = await db.write(
    "polls.insert",
    `INSERT INTO polls (${contentColumns.join(", ")}, poll_key, secret_digest, creation_key, creation_digest, created_at, updated_at)
     VALUES (${placeholders(contentColumns.length + 6)})`,
    [
      ...contentValues(content),
      key,
      secretDigest ?? null,
      creation?.key ?? null,
      creation?.digest ?? null,
      now,
      now,
    ],
  );
  const id = insertId as PollId;
  await takeSlug(db, content.slug);
  await db.write("polls.clear_books", "DELETE FROM acceptances WHERE poll_id = ?", [id]);
  await db.write(
    "polls.clear_letters",
    "UPDATE dead_letters SET poll_id = NULL WHERE poll_id = ?",
    [id],
  );
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

/** Inserts options with the caller's numbers and in the caller's order; their totals begin at 0. */
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
    `INSERT INTO option_totals (poll_id, option_number, measure, votes)
     VALUES ${options.map(() => "(?, ?, 0, 0)").join(", ")}`,
    options.flatMap(option => [id, option.number]),
  );
}

/** Writes everything that an editor decides except the options, and increments the version. */
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

/** Notes the secret of polls that a release without `secret_digest` created. Those that are not final are published anew. */
export async function noteSecret(db: Database, digest: string, nowMs: number): Promise<void> {
  await db.write(
    "polls.note_secret",
    `UPDATE polls SET secret_digest = ?, version = version + (finalized_at IS NULL),
       updated_at = IF(finalized_at IS NULL, ?, updated_at)
     WHERE secret_digest IS NULL`,
    [digest, new Date(nowMs)],
  );
}

/** Replaces the options and their totals, which must be 0. */
export async function replaceOptions(
  db: Database,
  id: PollId,
  options: readonly PollOption[],
): Promise<void> {
  await db.write("polls.delete_options", "DELETE FROM options WHERE poll_id = ?", [id]);
  await insertOptions(db, id, options);
}

/** Marks a poll as final. False when it is final already. */
export async function finalizePoll(db: Database, id: PollId, nowMs: number): Promise<boolean> {
  const { affectedRows } = await db.write(
    "polls.finalize",
    `UPDATE polls SET finalized_at = ?, updated_at = ?, version = version + 1
     WHERE id = ? AND finalized_at IS NULL`,
    [new Date(nowMs), new Date(nowMs), id],
  );
  return affectedRows === 1;
}

/** Takes a poll's finality back: its count is reopened. */
export async function unfinalizePoll(db: Database, id: PollId, nowMs: number): Promise<void> {
  await db.write(
    "polls.unfinalize",
    "UPDATE polls SET finalized_at = NULL, updated_at = ?, version = version + 1 WHERE id = ?",
    [new Date(nowMs), id],
  );
}

/** Deletes a poll, its options, totals, ballots and books. */
export async function deletePoll(db: Database, id: PollId): Promise<void> {
  await db.write("polls.delete_ballots", "DELETE FROM ballots WHERE poll_id = ?", [id]);
  await db.write("polls.delete_books", "DELETE FROM acceptances WHERE poll_id = ?", [id]);
  await db.write("polls.delete", "DELETE FROM polls WHERE id = ?", [id]);
}
