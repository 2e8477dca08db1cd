/** Backups and restores in one process, as the commands make them. */
import { gzipSync } from "node:zlib";
import { type Restored, readLive, restoreBackup } from "#lib/backup/restore-backup.ts";
import { Session } from "#lib/backup/session.ts";
import { readMigrations, tablesOf } from "#lib/backup/staged-schema.ts";
import { writeBackup } from "#lib/backup/write-backup.ts";
import type { Store } from "#lib/store/database.ts";

const migrations = await readMigrations();

export function backupOf(store: Store): Promise<Buffer> {
  return Session.use(store, async session => {
    let text = "";
    const { chunks } = writeBackup(session, "0.0.0", tablesOf(migrations), () => {});
    for await (const chunk of chunks) text += chunk;
    return gzipSync(text);
  });
}

/** Restores a backup of this program's schema or an older one. */
export function restoreInto(store: Store, backup: Buffer): Promise<Restored> {
  return Session.use(store, async session => {
    const live = await readLive(session, migrations);
    const bytes = (async function* () {
      yield backup;
    })();
    return restoreBackup(session, { bytes, migrations, live, progress: () => {} });
  });
}
