/** What processes use, from Linux's /proc. */
import { readdirSync, readFileSync } from "node:fs";

const microsPerTick = 10_000;

/** One process as the kernel counts it. */
export interface ProcessTime {
  readonly pid: number;
  readonly parent: number;
  /** CPU time of all its threads so far, in microseconds. */
  readonly cpuUs: number;
  /** CPU time of its children that have ended. */
  readonly endedChildrenUs: number;
}

/** Reads one line of `/proc/<pid>/stat`. The name is in parentheses and may contain some. */
export function parseProcess(stat: string): ProcessTime {
  const nameEnd = stat.lastIndexOf(")");
  const fields = stat.slice(nameEnd + 2).split(" ");
  const micros = (first: number) =>
    (Number(fields[first]) + Number(fields[first + 1])) * microsPerTick;
  return {
    pid: Number.parseInt(stat, 10),
    parent: Number(fields[1]),
    cpuUs: micros(11),
    endedChildrenUs: micros(13),
  };
}

/** All processes of the machine. */
export function readProcesses(): readonly ProcessTime[] {
  return readdirSync("/proc").flatMap(name => {
    if (!/^\d+$/.test(name)) return [];
    try {
      return [parseProcess(readFileSync(`/proc/${name}/stat`, "utf8"))];
    } catch {
      // It ended between the two reads.
      return [];
    }
  });
}

/** A process and all below it. */
export function familyOf(root: number, processes: readonly ProcessTime[]): readonly ProcessTime[] {
  const below = processes.filter(({ parent }) => parent === root);
  return [
    ...processes.filter(({ pid }) => pid === root),
    ...below.flatMap(({ pid }) => familyOf(pid, processes)),
  ];
}

/** CPU time of families so far, with what their ended members used. */
export function familyMicros(roots: readonly number[], processes: readonly ProcessTime[]): number {
  return roots
    .flatMap(root => familyOf(root, processes))
    .reduce((sum, { cpuUs, endedChildrenUs }) => sum + cpuUs + endedChildrenUs, 0);
}

/** CPU time of a process so far, in microseconds. */
export function cpuMicros(pid: number): number {
  return parseProcess(readFileSync(`/proc/${pid}/stat`, "utf8")).cpuUs;
}

/** Resident memory in bytes: current, or the peak. */
export function memoryBytes(pid: number, which: "VmRSS" | "VmHWM" = "VmRSS"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`${which}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) * 1024;
}
