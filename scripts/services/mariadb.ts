/**
 * A private MariaDB on loopback: its own data directory, port and socket; durable settings.
 *
 * The accounts are made by an init file at each start, so there is no moment at which the server can
 * be reached without a password.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child } from "./child.ts";
import { freePort, portAnswers, waitUntil } from "./ports.ts";
import { findProgram } from "./programs.ts";

export interface DatabaseOptions {
  /** Holds the data directory, the init file and the log; made when missing. */
  readonly directory: string;
  readonly password: string;
  readonly port?: number;
  readonly bufferPoolMb?: number;
  readonly redoLogMb?: number;
  /** Further `mariadbd` options, for example `--max-connections=5`. */
  readonly options?: readonly string[];
  readonly logFile?: string;
}

export interface DatabaseServer {
  readonly child: Child;
  readonly port: number;
  /** For the product: the account that owns the schema `floodgate`. */
  readonly url: string;
  /** For tests and operators: the private server's administrator. */
  readonly adminUrl: string;
}

/** Prepares an empty data directory, once. Takes some seconds. */
export function prepareDatabase(directory: string, redoLogMb = 96): void {
  const data = join(directory, "data");
  if (existsSync(join(data, "mysql"))) return;
  const installer = findProgram("mariadb-install-db");
  if (!installer)
    throw new Error("mariadb-install-db is not installed: run npm run up or npm test once");
  const temporary = temporaryDirectory(directory);
  const { status, stdout, stderr } = spawnSync(
    installer,
    [
      "--no-defaults",
      `--datadir=${data}`,
      "--auth-root-authentication-method=normal",
      "--skip-test-db",
      `--innodb-log-file-size=${redoLogMb}M`,
      `--tmpdir=${temporary}`,
      ...asRoot(),
    ],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`mariadb-install-db failed\n${stdout}\n${stderr}`);
}

/** One for each server: a server that starts deletes the temporary tables of every server that shares it. */
function temporaryDirectory(directory: string): string {
  const temporary = join(directory, "tmp");
  mkdirSync(temporary, { recursive: true });
  return temporary;
}

function asRoot(): string[] {
  return process.getuid?.() === 0 ? ["--user=root"] : [];
}

/** An account with its password, made or changed to match. */
function account(name: string, password: string, grant: string): string {
  return [
    `CREATE USER IF NOT EXISTS '${name}'@'127.0.0.1' IDENTIFIED BY '${password}';`,
    `ALTER USER '${name}'@'127.0.0.1' IDENTIFIED BY '${password}';`,
    `GRANT ${grant} TO '${name}'@'127.0.0.1';`,
  ].join("\n");
}

/**
 * Starts one and resolves when it answers.
 *
 * @throws Error with its output when it does not.
 */
export async function startDatabase(options: DatabaseOptions): Promise<DatabaseServer> {
  const program = findProgram("mariadb");
  if (!program) throw new Error("mariadbd is not installed: run npm run up or npm test once");
  if (!/^[\w-]+$/.test(options.password)) throw new Error("the password has odd characters");
  const redoLogMb = options.redoLogMb ?? 96;
  prepareDatabase(options.directory, redoLogMb);
  const port = options.port ?? (await freePort());

  const initFile = join(options.directory, "init.sql");
  rmSync(initFile, { force: true });
  writeFileSync(
    initFile,
    [
      "CREATE DATABASE IF NOT EXISTS floodgate CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;",
      account("floodgate", options.password, "ALL PRIVILEGES ON floodgate.*"),
      account("admin", options.password, "ALL PRIVILEGES ON *.*"),
      `ALTER USER 'root'@'localhost' IDENTIFIED BY '${options.password}';`,
    ].join("\n"),
    { mode: 0o600 },
  );
  // A socket path may not be longer than 107 bytes, and a checkout may lie deep.
  const sockets = mkdtempSync(join(tmpdir(), "fg-"));
  const arguments_ = [
    "--no-defaults",
    `--datadir=${join(options.directory, "data")}`,
    `--tmpdir=${temporaryDirectory(options.directory)}`,
    `--socket=${join(sockets, "db.sock")}`,
    `--pid-file=${join(sockets, "db.pid")}`,
    `--init-file=${initFile}`,
    "--bind-address=127.0.0.1",
    `--port=${port}`,
    "--skip-name-resolve",
    "--skip-log-bin",
    "--performance-schema=OFF",
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_bin",
    "--default-time-zone=+00:00",
    "--innodb-flush-log-at-trx-commit=1",
    `--innodb-buffer-pool-size=${options.bufferPoolMb ?? 256}M`,
    `--innodb-log-file-size=${redoLogMb}M`,
    "--max-allowed-packet=64M",
    "--max-connections=200",
    ...asRoot(),
    ...(options.options ?? []),
  ];
  const child = new Child("mariadb", program, arguments_, { logFile: options.logFile });
  void child.exit().then(() => rmSync(sockets, { recursive: true, force: true }));
  await waitUntil("mariadb", () => portAnswers(port), {
    withinMs: 60_000,
    gaveUp: () => child.diedBecause,
  });
  const at = `127.0.0.1:${port}/floodgate`;
  return {
    child,
    port,
    url: `mysql://floodgate:${options.password}@${at}`,
    adminUrl: `mysql://admin:${options.password}@${at}`,
  };
}
