/**
 * What a restore takes over from the database that it replaces: which ballots fronts had accepted, so that the books
 * name those that the backup lacks; which polls are gone; and which numbers were given, so that none is given twice.
 *
 * Done twice: before the swap, so that a restore that dies right after it has done it, and after it, when the replaced
 * tables can't change any more.
 */
import type { Session } from "./session.ts";
import { replacedPrefix, stagedPrefix } from "./staged-schema.ts";
import { readNextNumber } from "./write-backup.ts";

/** From the live tables to those beside them; or, after the swap, from the replaced tables to the live ones. */
export type Moment = "before the swap" | "after the swap";

/** Counts are inserted in the order of their key, as fronts and workers do, so that they do not deadlock. */
export async function carryOver(session: Session, moment: Moment): Promise<void> {
  const [from, to] = moment === "before the swap" ? ["", stagedPrefix] : [replacedPrefix, ""];
  // A poll that was made after the backup may have the number of another one.
  const samePoll = "old.id = new.id AND old.created_at = new.created_at";
  await session.run(
    "carry_accepted",
    `INSERT INTO ${to}acceptances (poll_id, producer, accepted)
     SELECT poll_id, producer, GREATEST(accepted, arrived) FROM ${from}acceptances AS counts
     JOIN ${from}polls AS old ON old.id = poll_id JOIN ${to}polls AS new ON ${samePoll}
     ORDER BY counts.poll_id, counts.producer
     ON DUPLICATE KEY UPDATE accepted = GREATEST(${to}acceptances.accepted, VALUES(accepted))`,
  );
  await session.run(
    "carry_gone",
    `INSERT INTO ${to}gone_polls (id, slug, question, accepted, created_at)
     SELECT old.id, old.slug, old.question, COALESCE((SELECT SUM(GREATEST(accepted, arrived))
         FROM ${from}acceptances WHERE poll_id = old.id), 0), old.created_at
     FROM ${from}polls AS old LEFT JOIN ${to}polls AS new ON ${samePoll} WHERE new.id IS NULL
     ON DUPLICATE KEY UPDATE accepted = VALUES(accepted)`,
  );
  await session.run(
    "carry_backup_time",
    `UPDATE ${to}site AS new JOIN ${from}site AS old ON old.id = new.id
     SET new.backed_up_at = GREATEST(new.backed_up_at, COALESCE(old.backed_up_at, new.backed_up_at))`,
  );
}

/** Rows may get numbers between this and the swap. */
const numbersSkipped = 1_000n;

/** Lets a staged table go on with numbers that neither the backup nor the live table has given. */
export async function skipNumbers(
  session: Session,
  table: string,
  nextInBackup: string | undefined,
  isLive: boolean,
): Promise<void> {
  if ((await readNextNumber(session, `${stagedPrefix}${table}`)) === undefined) return;
  const live = isLive ? await readNextNumber(session, table) : undefined;
  const given = [BigInt(nextInBackup ?? 1), BigInt(live ?? 1)];
  const next = given.reduce((a, b) => (a > b ? a : b)) + numbersSkipped;
  await session.run("skip", `ALTER TABLE \`${stagedPrefix}${table}\` AUTO_INCREMENT = ${next}`);
}
