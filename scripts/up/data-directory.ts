/** The folder that holds a private site's secrets, data and logs: `.data/`, or `FLOODGATE_DATA_DIR`. */

import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ConfigError } from "#lib/config/config.ts";
import { ProgramFailure } from "#lib/program/command-line.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { bringUpFile } from "./program.mjs";

export interface Secrets {
  readonly secret: string;
  readonly databasePassword: string;
}

export interface Ports {
  readonly memcached?: number;
  readonly database?: number;
  readonly worker?: number;
}

export interface EditorCredentials {
  readonly email: string;
  readonly password: string;
  readonly apiToken: string;
}

export class DataDirectory {
  readonly path: string;
  #locked = false;

  /** @throws ConfigError when it cannot be made. */
  constructor(path: string) {
    this.path = resolve(path);
    try {
      mkdirSync(join(this.path, "logs"), { recursive: true, mode: 0o700 });
    } catch (error) {
      const reason = error instanceof Error ? error.message : error;
      throw new ConfigError([`FLOODGATE_DATA_DIR is no folder to write to: ${reason}`]);
    }
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /**
   * One `up` for each folder. What an earlier one left running when it was killed is stopped.
   *
   * @throws ProgramFailure when another is running.
   */
  async lock(say: (sentence: string) => void): Promise<void> {
    const holder = this.read<{ pid: number }>("lock.json");
    if (holder && isRunning(holder.pid, [bringUpFile])) {
      throw new ProgramFailure(`already running on ${this.path} (process ${holder.pid})`);
    }
    const left = Object.values(
      this.read<{ pids: Record<string, number[]> }>("up.json")?.pids ?? {},
    );
    for (const pid of left.flat()) {
      if (!isRunning(pid, [this.path, "dist/front.mjs", "dist/worker.mjs", "memcached"])) continue;
      say(`stopping process ${pid}, left over from an earlier start`);
      process.kill(pid, "SIGTERM");
      const gone = () => !isRunning(pid, []);
      await waitUntil(`end of process ${pid}`, gone, { withinMs: 20_000 });
    }
    this.write("lock.json", { pid: process.pid });
    this.#locked = true;
  }

  unlock(): void {
    if (this.#locked) rmSync(this.file("lock.json"), { force: true });
    this.#locked = false;
  }

  /** Made at the first start, kept from then on. */
  secrets(): Secrets {
    return this.#kept("secrets.json", () => ({
      secret: randomBytes(32).toString("hex"),
      databasePassword: randomBytes(24).toString("base64url"),
    }));
  }

  /** The ports of the last start: kept when they are still free. */
  get ports(): Ports {
    return this.read<Ports>("ports.json") ?? {};
  }

  read<T>(name: string): T | undefined {
    const path = this.file(name);
    return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as T) : undefined;
  }

  /**
   * Writes a file that only its owner may read.
   *
   * @throws what writing throws, as on a full disk; the file is then what it was before.
   */
  write(name: string, value: unknown): void {
    const path = this.file(name);
    const next = `${path}.next`;
    rmSync(next, { force: true });
    writeFileSync(next, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
    renameSync(next, path);
  }

  #kept<T>(name: string, make: () => T): T {
    const existing = this.read<T>(name);
    if (existing) return existing;
    const made = make();
    this.write(name, made);
    return made;
  }
}

/** True when that process runs and its command line has one of `marks` in it (any, without marks). */
function isRunning(pid: number, marks: readonly string[]): boolean {
  const line = commandLine(pid);
  if (line === "") return false;
  return marks.length === 0 || marks.some(mark => line.includes(mark));
}

/** Empty for a process that is gone (or has ended and waits to be collected). */
function commandLine(pid: number): string {
  if (existsSync("/proc/self/cmdline")) {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    } catch {
      return "";
    }
  }
  return spawnSync("ps", ["-o", "args=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim();
}
