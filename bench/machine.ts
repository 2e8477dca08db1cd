/** The machine that a benchmark ran on, and what ran on it. */
import { spawnSync } from "node:child_process";
import { cpus, loadavg, release, totalmem } from "node:os";
import { findProgram } from "#scripts/services/programs.ts";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
  readonly memcached: string;
  readonly mariadb: string;
  readonly commit: string;
  /** Load average of the minute before; above about 0.3 other work ran on the machine. */
  readonly loadBefore: number;
  readonly at: string;
}

function firstLine(command: string | undefined, ...args: string[]): string {
  if (!command) return "not found";
  const { stdout } = spawnSync(command, args, { encoding: "utf8" });
  return (stdout ?? "").split("\n")[0]?.trim() ?? "";
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    memcached: firstLine(findProgram("memcached"), "--version"),
    mariadb: firstLine(findProgram("mariadb"), "--version"),
    commit: firstLine("git", "log", "-1", "--format=%h %s"),
    loadBefore: loadavg()[0] ?? 0,
    at: new Date().toISOString(),
  };
}
