/** The database as a whole: the tables `site` and `gone_polls`. */
import type { PollId, Slug } from "../model/ids.ts";
import type { Database, Row } from "./database.ts";

/** The last restore of a backup. */
export interface Restore {
  readonly atMs: number;
  /** The moment of the backup. */
  readonly fromMs: number;
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
    fromMs: site.restored_from?.getTime() ?? 0,
    gone: gone.map(({ id, slug, question, accepted }) => ({
      id,
      slug,
      question,
      accepted: Number(accepted),
    })),
  };
}
