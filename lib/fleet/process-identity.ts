/** The name, role and place of a process, for its row in the fleet record. */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import packageJson from "../../package.json" with { type: "json" };
import type { Config } from "../config/config.ts";
import { producerBytes } from "../model/ids.ts";
import type { ProcessIdentity, ProcessRole } from "../store/fleet-processes.ts";
import { comparedSettings } from "./compared-settings.ts";

/** This process as a front. @param producer - the first bytes of its batch ids. */
export function identifyFront(config: Config, producer: Buffer): ProcessIdentity {
  const id = producer.toString("hex");
  return { ...identify(config, "front"), id, home: config.queueFirstHome };
}

/** This process as a worker. */
export function identifyWorker(config: Config): ProcessIdentity {
  const id = randomBytes(producerBytes).toString("hex");
  return { ...identify(config, "worker"), id, home: undefined };
}

function identify(config: Config, role: ProcessRole) {
  return {
    role,
    homes: config.queueHomes,
    machine: machineName(),
    pid: process.pid,
    pidSpace: pidSpace(),
    version: packageJson.version,
    settings: comparedSettings(config, role),
  };
}

/** The name of this machine in the fleet record: ASCII, at most 255 characters. */
export function machineName(): string {
  return hostname()
    .replaceAll(/[^\x21-\x7e]/g, "?")
    .slice(0, 255);
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
