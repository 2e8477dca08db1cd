/** `floodgate restore`: puts a backup into the place of what MySQL has, also while the site runs. */
import { open } from "node:fs/promises";
import { DamagedBackup } from "#lib/backup/read-backup.ts";
import {
  FinishedEarlierRestore,
  type LiveContent,
  type Restored,
  readLive,
  restoreBackup,
  SwapUnanswered,
} from "#lib/backup/restore-backup.ts";
import { Session } from "#lib/backup/session.ts";
import { discardedPrefix, readMigrations, replacedPrefix } from "#lib/backup/staged-schema.ts";
import { dropTables } from "#lib/backup/staged-tables.ts";
import { MINUTE } from "#lib/base/clock.ts";
import { plural } from "#lib/base/human-readable.ts";
import { createLog } from "#lib/base/log.ts";
import { isMemcachedFailure } from "#lib/memcached/failure.ts";
import { publishAnew } from "#lib/polls/publish-anew.ts";
import {
  createProgram,
  exitStatus,
  isOutage,
  ProgramFailure,
  reasonOf,
  UsageError,
} from "#lib/program/command-line.ts";
import { type Connections, connectServers } from "#lib/program/connections.ts";
import type { Store } from "#lib/store/database.ts";
import { isStoreFailure } from "#lib/store/failure.ts";
import { checkSchema } from "#lib/store/migrate.ts";
import { announceRestore } from "#lib/store/restores.ts";
import { operatorSettings } from "../operator-settings.ts";
import { print, remark } from "../print.ts";
import { ProgressLine, rowsLine } from "../progress.ts";

interface RestoreOptions {
  readonly replace?: boolean;
  readonly dropReplaced?: boolean;
  readonly announce?: boolean;
}

export const command = createProgram<RestoreOptions>(
  {
    name: "restore",
    summary: "put a backup into the place of what MySQL has",
    description:
      "Loads a backup of `floodgate backup`, from a file or (with -) from standard input, into new tables, checks that it " +
      "is whole, and only then puts them into the place of the old ones. A damaged backup, or an end of this command " +
      "before that, changes nothing; after that, `floodgate migrate` finishes what is left. Fronts and workers go on: " +
      "votes wait in memcached meanwhile, and the books say afterwards which are lost. The old tables are kept as " +
      "replaced_… until the next restore has succeeded. See docs/backups.md.",
    argument: "[file]",
    options: [
      { flags: "--replace", text: "replace the polls and ballots that are in the database" },
      {
        flags: "--drop-replaced",
        text: "only delete the tables that the last restore has replaced",
        conflicts: ["replace", "announce"],
      },
      {
        flags: "--announce",
        text: "only tell fronts and workers that a backup was restored by other means",
        conflicts: ["replace", "dropReplaced"],
      },
    ],
    statuses: {
      0: "the backup is live",
      1: "it could not be restored; the output says that nothing has changed, or that MySQL has not said so",
      2: "the backup is live, and `floodgate migrate` has to finish the restore: do not restore it again",
      75: "a migration, a backup or a restore is running",
    },
    examples: [
      "floodgate restore --replace /var/backups/floodgate-2026-11-27-0300.backup",
      "age -d -i key.txt floodgate.backup.age | floodgate restore --replace -",
    ],
  },
  async ({ replace = false, dropReplaced, announce }, [file]) => {
    const isOnly = dropReplaced || announce;
    if (isOnly && file !== undefined) throw new UsageError("this option takes no file");
    if (!isOnly && file === undefined) throw new UsageError("name a file, or - for standard input");
    const { config } = operatorSettings();
    const log = createLog("restore", "silent");
    const limits = { connectionsMax: 2, statementMs: MINUTE };
    const connections = connectServers(config, log, limits);
    try {
      if (announce) return await announceOnly(connections);
      if (dropReplaced) return await dropOnly(connections);
      const restored = await restore(connections.store, file ?? "-", replace).catch(error => {
        throw withConsequence(error);
      });
      say(restored);
      await publishNow(connections, restored.generation);
      return restored.unfinished ? exitStatus.incomplete : exitStatus.ok;
    } finally {
      await connections.close();
    }
  },
);

async function restore(store: Store, file: string, replace: boolean): Promise<Restored> {
  const migrations = await readMigrations();
  const bytes = file === "-" ? process.stdin : (await open(file)).createReadStream();
  const line = new ProgressLine<number>(process.stderr, (rows, elapsedMs) =>
    rowsLine("restore", { rows, rowsExpected: undefined }, elapsedMs),
  );
  return Session.use(store, async session => {
    const live = await readLive(session, migrations);
    if (live.tables.length > 0) await checkSchema(store);
    if (live.polls > 0 && !replace) throw new UsageError(refusal(live));
    if (live.polls > 0) remark(`restore: replaces ${contentOf(live)}, once the backup is loaded`);
    return restoreBackup(session, { bytes, migrations, live, progress: line.show });
  }).finally(() => line.clear());
}

/** The error of a restore that did not go live, as far as anybody knows, with what that means. */
function withConsequence(error: unknown): unknown {
  if (error instanceof SwapUnanswered) {
    return new ProgramFailure(
      `${reasonOf(error)}. When it answers, run \`floodgate migrate\`, which finishes the restore if the backup is live; ` +
        "`SELECT restored_at, restored_from FROM site` says whether it is",
    );
  }
  if (error instanceof FinishedEarlierRestore) {
    return new ProgramFailure(
      `${error.message}; nothing else has changed. Run this command again to put the backup into the place of that one`,
    );
  }
  if (!(error instanceof DamagedBackup) && !isOutage(error)) return error;
  return new ProgramFailure(`${reasonOf(error)}; nothing has changed`);
}

function contentOf({ polls, ballots, newestMs }: LiveContent): string {
  const newest =
    newestMs === undefined ? "" : `, the newest of ${new Date(newestMs).toISOString()}`;
  return `${plural(polls, "poll")} and ${plural(ballots, "ballot")}${newest}`;
}

const refusal = (live: LiveContent) =>
  `the database has ${contentOf(live)}: --replace puts the backup into their place`;

/** Corrects memcached at once. When that fails, a worker does it. */
async function publishNow(
  { store, clock, placement }: Connections,
  generation: string,
): Promise<void> {
  try {
    await clock.measure();
    await publishAnew({ store, placement }, placement.servers, generation, clock.nowMs());
  } catch (error) {
    if (!isMemcachedFailure(error) && !isStoreFailure(error)) throw error;
    remark(
      `restore: memcached still has polls as they were before (${reasonOf(error)}): a worker or \`floodgate flush\` publishes them anew`,
    );
  }
}

/** Asks neither MySQL nor memcached, which may be away by now. */
function say({ header, rows, gone, unfinished }: Restored): void {
  const content = `${plural(rows.polls ?? 0, "poll")} and ${plural(rows.ballots ?? 0, "ballot")}`;
  print(`restore: MySQL has the backup of ${header.at}: ${content}`);
  for (const { slug, question, accepted } of gone) {
    print(`restore: gone: ${slug} (${plural(accepted, "ballot")} accepted): ${question}`);
  }
  print(
    "restore: the books will say which ballots are lost; `floodgate restore --drop-replaced` deletes the old tables",
  );
  if (!unfinished) return;
  remark(
    `restore: the backup is live, but the restore is not finished (${reasonOf(unfinished)}): run \`floodgate migrate\`. ` +
      "Until then, the books and the list of gone polls may lack the last seconds before the restore",
  );
}

async function announceOnly(connections: Connections): Promise<number> {
  const { store } = connections;
  await checkSchema(store);
  const generation = await store.transaction(announceRestore);
  await publishNow(connections, generation);
  print("restore: fronts and workers will notice that MySQL is at an earlier state");
  return exitStatus.ok;
}

async function dropOnly({ store }: Connections): Promise<number> {
  await Session.use(store, session => dropTables(session, replacedPrefix, discardedPrefix));
  print("restore: no replaced tables are kept");
  return exitStatus.ok;
}
