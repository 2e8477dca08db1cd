/** What processes use, from Linux's /proc. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const microsPerTick = 10_000;

/** CPU time of a process so far, in microseconds. */
export function cpuMicros(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * microsPerTick;
}

/** Resident memory in bytes: current, or the peak. */
export function memoryBytes(pid: number, which: "VmRSS" | "VmHWM" = "VmRSS"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`${which}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024;
}

/** A process and all below it. */
export function familyOf(pid: number): number[] {
  const children = (() => {
    try {
      return execFileSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" });
    } catch {
      return "";
    }
  })();
  return [pid, ...children.split("\n").filter(Boolean).map(Number).flatMap(familyOf)];
}
