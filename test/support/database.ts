/**
 * MariaDB for tests. The data directory is a copy of a template that is made once per checkout and version; it lies in
 * memory where the machine has room for it. The server's settings are the durable ones of production all the same.
 */
import { createHash } from "node:crypto";
import {
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Store } from "#lib/store/database.ts";
import { migrate } from "#lib/store/migrate.ts";
import {
  type DatabaseOptions,
  type DatabaseServer,
  prepareDatabase,
  startDatabase,
} from "#scripts/services/mariadb.ts";
import { findProgram } from "#scripts/services/programs.ts";

/** What a new server holds: nothing but accounts, or the tables of `sql/` too. */
export type Schema = "empty" | "migrated";

const password = "test-only-password";
const templates = resolve(".cache/mariadb");
/** What a template depends on besides the server and the tables. */
const madeBy = ["lib/store/migrate.ts", "scripts/services/mariadb.ts"];
/** A server recreates its redo log in the configured size. */
const templateRedoLogMb = 4;
/** Room for the data of several test files at once. */
const memoryBytesMin = 3 * 1024 ** 3;

const inMemory = "/dev/shm";
const directoryName = /^floodgate-(?:site|test)-(\d+)-/;

/** A new directory for the data of a test: in memory where there is room. */
export function testDirectory(use: "site" | "test"): string {
  const parent = hasRoom(inMemory) ? inMemory : tmpdir();
  return mkdtempSync(join(parent, `floodgate-${use}-${process.pid}-`));
}

/** Frees the memory of tests that were killed: the process in the directory's name is gone. */
export function removeLeftovers(): void {
  if (!existsSync(inMemory)) return;
  for (const name of readdirSync(inMemory)) {
    const [, pid] = directoryName.exec(name) ?? [];
    if (pid && !isAlive(Number(pid))) {
      rmSync(join(inMemory, name), { recursive: true, force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function hasRoom(directory: string): boolean {
  if (!existsSync(directory)) return false;
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize >= memoryBytesMin;
}

/** Starts a server on a copy of the template, or again on the data that the directory has from before. */
export async function startTestDatabase(
  options: Omit<DatabaseOptions, "password">,
  schema: Schema,
): Promise<DatabaseServer> {
  const data = join(options.directory, "data");
  if (!existsSync(data)) copyDirectory(await template(schema), data);
  return startDatabase({ ...options, password });
}

/** Makes the templates that are missing. */
export async function makeTemplates(): Promise<void> {
  await template("migrated");
}

/** The template's data directory; made now when there is none. */
async function template(schema: Schema): Promise<string> {
  const finished = join(templates, `${keyOf()}-${schema}`);
  if (!existsSync(finished)) await makeTemplate(schema, finished);
  return finished;
}

/** The same as long as a template may be used: same server, same password, same tables. */
function keyOf(): string {
  const program = findProgram("mariadb");
  if (!program) throw new Error("mariadbd is not installed: run npm run up or npm test once");
  const { size, mtimeMs } = statSync(program);
  const hash = createHash("sha256").update(`${program} ${size} ${mtimeMs} ${password}`);
  const tables = readdirSync("sql")
    .sort()
    .map(name => join("sql", name));
  for (const file of [...madeBy, ...tables]) hash.update(file).update(readFileSync(file));
  return hash.digest("hex").slice(0, 16);
}

/** Several test files may make it at the same time: the first to finish wins. */
async function makeTemplate(schema: Schema, finished: string): Promise<void> {
  mkdirSync(templates, { recursive: true });
  removeOutdated();
  const directory = mkdtempSync(join(templates, "making-"));
  const data = join(directory, "data");
  try {
    if (schema === "empty") prepareDatabase(directory, templateRedoLogMb);
    else copyDirectory(await template("empty"), data);
    const server = await startDatabase({ directory, password, redoLogMb: templateRedoLogMb });
    if (schema === "migrated") await createTables(server.url);
    await server.child.stop();
    renameSync(data, finished);
  } catch (error) {
    if (!existsSync(finished)) throw error;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function createTables(url: string): Promise<void> {
  const store = new Store({ url, connectionsMax: 2, statementMs: 60_000 });
  try {
    await migrate(store);
  } finally {
    await store.close();
  }
}

function removeOutdated(): void {
  const key = keyOf();
  for (const name of readdirSync(templates)) {
    const isCurrent = name.startsWith(key) || name.startsWith("making-");
    if (!isCurrent) rmSync(join(templates, name), { recursive: true, force: true });
  }
}

function copyDirectory(from: string, to: string): void {
  cpSync(from, to, { recursive: true, mode: constants.COPYFILE_FICLONE });
}
