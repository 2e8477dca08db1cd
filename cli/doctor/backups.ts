/** How old the newest backup is, on a site that makes them by `floodgate backup`. */
import { DAY } from "#lib/base/clock.ts";
import { duration } from "#lib/base/human-readable.ts";
import type { Database } from "#lib/store/database.ts";
import { newestBackupMs } from "#lib/store/restores.ts";
import { type Finding, ok, warn } from "./finding.ts";

const about = "backups";
const oldMs = 2 * DAY;

/**
 * Nothing for a site that has never made one: it may have backups of another kind.
 *
 * @param nowMs - by MySQL's clock.
 * @throws StoreFailure.
 */
export async function checkBackups(store: Database, nowMs: number): Promise<Finding[]> {
  const madeMs = await newestBackupMs(store);
  if (madeMs === undefined) return [];
  const says = `the newest of \`floodgate backup\` is ${duration(Math.max(0, nowMs - madeMs))} old`;
  if (nowMs - madeMs < oldMs) return [ok(about, says)];
  return [warn(about, "backups", says, "Look into cron's mail why the backups have stopped.")];
}
