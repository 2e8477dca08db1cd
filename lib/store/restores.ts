/** The database as a whole: the tables `site` and `gone_polls`. */
import { randomBytes } from "node:crypto";
import type { PollId, Slug } from "../model/ids.ts";
import type { Database, Row } from "./database.ts";

/** The last restore of a backup. */
export interface Restore {
  readonly atMs: number;
  /** The moment of the backup; `undefined`: it was restored by other means. */
  readonly fromMs: number | undefined;
  /** Polls that were made after the backup. */
  readonly gone: readonly GonePoll[];
}

/** A poll that a restore took away. */
export interface GonePoll {
  readonly id: PollId;
  readonly slug: Slug;
  readonly question: string;
  /** Ballots that fronts had accepted for it, as far as they had reported. */
  readonly accepted: number;
}

interface SiteRow extends Row {
  readonly restored_at: Date | null;
  readonly restored_from: Date | null;
}

/** Notes that a backup of this moment is complete. */
export async function noteBackup(db: Database, atMs: number): Promise<void> {
  const at = new Date(atMs);
  await db.write(
    "site.backed_up",
    "UPDATE site SET backed_up_at = GREATEST(COALESCE(backed_up_at, ?), ?) WHERE id = 1",
    [at, at],
  );
}

/** The moment of the newest backup; `undefined`: there was none. */
export async function newestBackupMs(db: Database): Promise<number | undefined> {
  const [site] = await db.rows<Row & { readonly backed_up_at: Date | null }>(
    "site.newest_backup",
    "SELECT backed_up_at FROM site WHERE id = 1",
  );
  return site?.backed_up_at?.getTime();
}

/** Changes the generation, because a backup was restored by other means. Resolves with the new one. */
export async function announceRestore(db: Database): Promise<string> {
  const [generation, siteId] = [randomBytes(8).toString("hex"), randomBytes(8).toString("hex")];
  await db.write(
    "site.announce",
    `INSERT INTO site (id, site_id, generation, restored_at) VALUES (1, ?, ?, NOW(3))
     ON DUPLICATE KEY UPDATE generation = VALUES(generation), restored_at = NOW(3), restored_from = NULL`,
    [siteId, generation],
  );
  await db.write("site.forget_gone", "DELETE FROM gone_polls");
  return generation;
}

/** The last restore; `undefined`: there was none. One query, and a second one after a restore. */
export async function lastRestore(db: Database): Promise<Restore | undefined> {
  const [site] = await db.rows<SiteRow>(
    "site.restored",
    "SELECT restored_at, restored_from FROM site WHERE id = 1 AND restored_at IS NOT NULL",
  );
  if (!site) return undefined;
  const gone = await db.rows<Row & GonePoll>(
    "site.gone_polls",
    "SELECT id, slug, question, accepted FROM gone_polls ORDER BY id",
  );
  return {
    atMs: site.restored_at?.getTime() ?? 0,
    fromMs: site.restored_from?.getTime(),
    gone: gone.map(({ id, slug, question, accepted }) => ({
      id,
      slug,
      question,
      accepted: Number(accepted),
    })),
  };
}
