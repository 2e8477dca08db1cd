/** Who and where a process is, for its row in MySQL. */
import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import type { ProcessIdentity } from "../store/processes.ts";

/** This process. @param producer - the first bytes of its batch ids. */
export function identify(producer: Buffer, home: number): ProcessIdentity {
  const id = producer.toString("hex");
  return { id, home, machine: asciiOf(hostname()), pid: process.pid, pidSpace: pidSpace() };
}

function asciiOf(name: string): string {
  return name.replaceAll(/[^\x21-\x7e]/g, "?").slice(0, 255);
}

/**
 * The same for processes that see each other by process id: one start of one machine, and on it one container. Where
 * the system does not say, the host name stands for both.
 */
export function pidSpace(): string {
  const parts = [hostname()];
  try {
    parts.push(readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
    parts.push(readlinkSync("/proc/self/ns/pid"));
  } catch {
    // Not Linux.
  }
  return createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 32);
}
