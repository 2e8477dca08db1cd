/** `floodgate backup`: writes everything that MySQL has, as of one moment, to a file or to standard output. */
import { once } from "node:events";
import { existsSync } from "node:fs";
import { open, rename, unlink } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { Session } from "#lib/backup/session.ts";
import { readMigrations, tablesOf } from "#lib/backup/staged-schema.ts";
import { type BackupProgress, writeBackup } from "#lib/backup/write-backup.ts";
import { MINUTE, SECOND } from "#lib/base/clock.ts";
import { retry } from "#lib/base/retry.ts";
import {
  createProgram,
  exitStatus,
  ProgramFailure,
  reasonOf,
  UsageError,
} from "#lib/program/command-line.ts";
import { Store } from "#lib/store/database.ts";
import { isStoreFailure } from "#lib/store/failure.ts";
import { checkSchema } from "#lib/store/migrate.ts";
import { noteBackup } from "#lib/store/restores.ts";
import packageJson from "../../package.json" with { type: "json" };
import { operatorSettings } from "../operator-settings.ts";
import { remark } from "../print.ts";
import { ProgressLine, rowsLine } from "../progress.ts";

interface BackupOptions {
  readonly to?: string;
}

/** For the note in MySQL: locks are held, or MySQL is away, for a moment. */
const noteAgain = { firstMs: SECOND / 2, maxMs: 2 * SECOND, attemptsMax: 5 };

/** Takes the bytes of a backup, compressed. */
type Sink = (bytes: AsyncIterable<Buffer>) => Promise<void>;

export const command = createProgram<BackupOptions>(
  {
    name: "backup",
    summary: "write everything that MySQL has to a file",
    description:
      "Writes a backup of one moment, compressed, to a file or to standard output. Votes and flushes go on. It contains " +
      "polls, ballots, books, editors and API tokens, but no sign-ins. It is not encrypted: pipe it through a tool of " +
      "your own. On a terminal, standard error shows the progress. See docs/backups.md.",
    options: [
      {
        flags: "--to <file>",
        text: "a new file, readable by its owner only; it has this name only when it is whole",
      },
    ],
    statuses: {
      0: "the backup is whole; standard error says so, too, if MySQL could not note that it was made",
      1: "it could not be written; what was written is refused by a restore",
      75: "a migration, a backup or a restore is running",
    },
    examples: [
      "floodgate backup --to /var/backups/floodgate-$(date +%F-%H%M).backup",
      "floodgate backup | age -r age1… > floodgate.backup.age",
    ],
  },
  async ({ to }) => {
    if (to === undefined && process.stdout.isTTY) {
      throw new UsageError("standard output is a terminal: give --to <file>, or pipe it");
    }
    const { config } = operatorSettings();
    const store = new Store({ url: config.databaseUrl, connectionsMax: 2, statementMs: MINUTE });
    try {
      await checkSchema(store);
      return await backup(store, to);
    } finally {
      await store.close();
    }
  },
);

async function backup(store: Store, to: string | undefined): Promise<number> {
  const line = new ProgressLine<BackupProgress>(process.stderr, (progress, elapsedMs) =>
    rowsLine("backup", progress, elapsedMs),
  );
  const known = tablesOf(await readMigrations());
  const work = (sink: Sink) =>
    Session.use(store, async session => {
      const written = writeBackup(session, packageJson.version, known, line.show);
      await pipeline(Readable.from(written.chunks), createGzip(), sink);
      return written.summary();
    });
  try {
    const { atMs, rows } = to === undefined ? await work(toStandardOutput) : await toFile(to, work);
    line.clear();
    const moment = new Date(atMs).toISOString();
    remark(`backup: ${rows.polls} polls and ${rows.ballots} ballots as of ${moment}`);
    await note(store, atMs);
    return exitStatus.ok;
  } finally {
    line.clear();
  }
}

/** Notes that the backup was made. It is whole without the note, which only the doctor reads. */
async function note(store: Store, atMs: number): Promise<void> {
  try {
    await retry(() => noteBackup(store, atMs), { ...noteAgain, retryable: isStoreFailure });
  } catch (error) {
    if (!isStoreFailure(error)) throw error;
    remark(
      `backup: it is whole, but MySQL has no note of it (${reasonOf(error)}): until the next backup, the doctor goes by the ` +
        "one before",
    );
  }
}

async function toStandardOutput(bytes: AsyncIterable<Buffer>): Promise<void> {
  for await (const chunk of bytes) {
    if (!process.stdout.write(chunk)) await once(process.stdout, "drain");
  }
}

/** Writes a file under another name, and gives it its own when it is whole and on the disk. */
async function toFile<T>(path: string, work: (sink: Sink) => Promise<T>): Promise<T> {
  if (existsSync(path)) throw new UsageError(`${path} exists`);
  const unfinished = `${path}.unfinished`;
  if (existsSync(unfinished)) {
    throw new ProgramFailure(`${unfinished} exists: delete it, unless a backup is writing it`);
  }
  const file = await open(unfinished, "wx", 0o600);
  try {
    const result = await work(async bytes => {
      for await (const chunk of bytes) await file.writeFile(chunk);
      await file.sync();
    });
    await rename(unfinished, path);
    return result;
  } catch (error) {
    await unlink(unfinished);
    throw error;
  } finally {
    await file.close();
  }
}
