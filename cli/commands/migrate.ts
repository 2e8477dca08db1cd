/** `floodgate migrate`: brings the schema up to date. */
import { finishRestore } from "#lib/backup/finish-restore.ts";
import { hasStagedKeys } from "#lib/backup/foreign-keys.ts";
import { Session } from "#lib/backup/session.ts";
import { MINUTE } from "#lib/base/clock.ts";
import { createProgram, exitStatus } from "#lib/program/command-line.ts";
import { Store } from "#lib/store/database.ts";
import { migrate } from "#lib/store/migrate.ts";
import { operatorSettings } from "../operator-settings.ts";
import { print } from "../print.ts";

/** A change of a table with millions of rows takes its time. */
const statementMsMax = 10 * MINUTE;

export const command = createProgram(
  {
    name: "migrate",
    summary: "bring the schema of the database up to date",
    description:
      "Applies the migrations of sql/ that the database lacks, in order. Safe to run twice, and by two processes at " +
      "once. Run it before you start a new version. It also finishes a restore whose backup is live and which was cut off.",
    statuses: { 0: "the schema is up to date", 1: "MySQL could not be used" },
    examples: ["floodgate migrate"],
  },
  async () => {
    const { config } = operatorSettings();
    const url = config.databaseUrl;
    const store = new Store({ url, connectionsMax: 2, statementMs: statementMsMax });
    try {
      if (await hasStagedKeys(store)) {
        await Session.use(store, finishRestore);
        print("finished the restore of a backup");
      }
      const applied = await migrate(store);
      print(applied.length > 0 ? `applied ${applied.join(", ")}` : "the schema is up to date");
      return exitStatus.ok;
    } finally {
      await store.close();
    }
  },
);
