/** Slots and ballots that could not be counted, with their bytes and the reason: the table `dead_letters`. */
import type { Epoch, PollId } from "../model/ids.ts";
import type { Database, Row } from "./database.ts";
import { hexLiteral, placeholders, timeLiteral } from "./sql-text.ts";

/** The reason of ballots that came when their poll was final. Reopening its count counts them. */
export const refusedAsFinal = "the poll's result was final";

export interface DeadLetter {
  /** `undefined`: the poll could not be read from the bytes, or does not exist. */
  readonly pollId: PollId | undefined;
  readonly slot: number;
  /** A sentence in ASCII, at most 255 characters. */
  readonly reason: string;
  /** A whole slot: the original bytes, or the refused ballots encoded again. */
  readonly bytes: Buffer;
  /** Number of ballots in it, as far as known. */
  readonly ballots: number;
}

/** Inserts dead letters, in the flush's transaction. */
export async function insertDeadLetters(
  db: Database,
  epoch: Epoch,
  letters: readonly DeadLetter[],
  nowMs: number,
): Promise<void> {
  for (const letter of letters) {
    const reason = letter.reason.replaceAll(/[^ -~]/g, "?").slice(0, 255);
    await db.write(
      "dead_letters.insert",
      `INSERT INTO dead_letters (poll_id, epoch, slot, reason, bytes, ballots, created_at)
       VALUES (?, ?, ?, ?, ${hexLiteral(letter.bytes)}, ?, ${timeLiteral(nowMs)})`,
      [letter.pollId ?? null, epoch, letter.slot, reason, letter.ballots],
    );
  }
}

interface LetterRow extends Row {
  readonly id: number;
  readonly slug: string | null;
  readonly epoch: string;
  readonly slot: number;
  readonly reason: string;
  readonly ballots: number;
  readonly created_at: Date;
  readonly dismissed_at: Date | null;
}

interface ContentsRow extends Row {
  readonly id: number;
  readonly bytes: Buffer;
  readonly ballots: number;
}

export interface ListedLetter {
  readonly id: number;
  readonly slug: string | undefined;
  readonly epoch: string;
  readonly slot: number;
  readonly reason: string;
  readonly ballots: number;
  readonly createdAtMs: number;
  /** An operator has given it up: it can never be counted. */
  readonly dismissed: boolean;
}

/** All dead letters, oldest first, without their bytes. One query. */
export async function listDeadLetters(db: Database): Promise<ListedLetter[]> {
  const rows = await db.rows<LetterRow>(
    "dead_letters.list",
    `SELECT l.id, p.slug, l.epoch, l.slot, l.reason, l.ballots, l.created_at, l.dismissed_at
     FROM dead_letters l LEFT JOIN polls p ON p.id = l.poll_id ORDER BY l.id`,
  );
  return rows.map(({ id, slug, epoch, slot, reason, ballots, created_at, dismissed_at }) => ({
    id: Number(id),
    slug: slug ?? undefined,
    epoch,
    slot: Number(slot),
    reason,
    ballots,
    createdAtMs: created_at.getTime(),
    dismissed: dismissed_at !== null,
  }));
}

/** Dead letters that no operator has dismissed, and the ballots in them as far as known. */
export interface OpenLetters {
  readonly letters: number;
  readonly ballots: number;
}

/** One query. */
export async function countOpenLetters(db: Database): Promise<OpenLetters> {
  const [row] = await db.rows<Row & OpenLetters>(
    "dead_letters.open",
    `SELECT COUNT(*) AS letters, COALESCE(SUM(ballots), 0) AS ballots FROM dead_letters
     WHERE dismissed_at IS NULL`,
  );
  return { letters: Number(row?.letters ?? 0), ballots: Number(row?.ballots ?? 0) };
}

/** The number of each poll's newest dead letter. One query, of an index alone. */
export async function newestDeadLetters(db: Database): Promise<ReadonlyMap<PollId, number>> {
  const rows = await db.rows<Row & { readonly poll_id: number; readonly newest: number }>(
    "dead_letters.newest",
    `SELECT poll_id, MAX(id) AS newest FROM dead_letters
     WHERE poll_id IS NOT NULL GROUP BY poll_id ORDER BY newest DESC`,
  );
  return new Map(rows.map(row => [row.poll_id as PollId, Number(row.newest)]));
}

/** What a dead letter holds. */
export interface LetterContents extends Pick<DeadLetter, "bytes" | "ballots"> {
  readonly id: number;
}

const contents = ({ id, bytes, ballots }: ContentsRow): LetterContents => ({
  id: Number(id),
  bytes,
  ballots,
});

/** Dead letters, their rows locked until the transaction ends; missing ones are left out. */
export async function lockDeadLetters(
  db: Database,
  ids: readonly number[],
): Promise<LetterContents[]> {
  if (ids.length === 0) return [];
  const rows = await db.rows<ContentsRow>(
    "dead_letters.lock",
    `SELECT id, bytes, ballots FROM dead_letters WHERE id IN (${placeholders(ids.length)})
     ORDER BY id FOR UPDATE`,
    [...ids],
  );
  return rows.map(contents);
}

/** The next dead letters of a poll's ballots that came when it was final, oldest first; dismissed ones are left out. */
export async function lettersRefusedAsFinal(
  db: Database,
  pollId: PollId,
  afterId: number,
  limit: number,
): Promise<LetterContents[]> {
  const rows = await db.rows<ContentsRow>(
    "dead_letters.refused_as_final",
    `SELECT id, bytes, ballots FROM dead_letters
     WHERE poll_id = ? AND id > ? AND reason = ? AND dismissed_at IS NULL ORDER BY id LIMIT ?`,
    [pollId, afterId, refusedAsFinal, limit],
  );
  return rows.map(contents);
}

/** The next dead letters of a poll after `id`, in the order of their numbers. One query, by an index. */
export async function deadLettersAfter(
  db: Database,
  pollId: PollId,
  id: number,
  limit: number,
): Promise<readonly { readonly id: number; readonly bytes: Buffer }[]> {
  const rows = await db.rows<Row & { readonly id: number; readonly bytes: Buffer }>(
    "dead_letters.after",
    "SELECT id, bytes FROM dead_letters WHERE poll_id = ? AND id > ? ORDER BY id LIMIT ?",
    [pollId, id, limit],
  );
  return rows.map(row => ({ id: Number(row.id), bytes: row.bytes }));
}

/** The bytes of a dead letter; `undefined`: there is none. One query. */
export async function readDeadLetterBytes(db: Database, id: number): Promise<Buffer | undefined> {
  const [row] = await db.rows<Row & Pick<ContentsRow, "bytes">>(
    "dead_letters.read",
    "SELECT bytes FROM dead_letters WHERE id = ?",
    [id],
  );
  return row?.bytes;
}

/** Marks a dead letter as given up; its ballots stay set aside. False: there is none. */
export async function dismissDeadLetter(db: Database, id: number): Promise<boolean> {
  const { affectedRows } = await db.write(
    "dead_letters.dismiss",
    "UPDATE dead_letters SET dismissed_at = NOW(3) WHERE id = ?",
    [id],
  );
  return affectedRows === 1;
}

export async function deleteDeadLetters(db: Database, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  await db.write(
    "dead_letters.delete",
    `DELETE FROM dead_letters WHERE id IN (${placeholders(ids.length)})`,
    [...ids],
  );
}
