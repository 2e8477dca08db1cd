/**
 * The oldest Node that is supported in production: `engines` in package.json. Programs start on an older one all the
 * same, and say so.
 *
 * Source: docs/decisions/0038-node-24.md.
 */
import packageJson from "../../package.json" with { type: "json" };
import type { Log } from "./log.ts";

export const oldestSupported = Number.parseInt(packageJson.engines.node.replace(">=", ""), 10);

/** The last day of security fixes, by Node's release schedule. */
const fixedUntil: Readonly<Record<number, string>> = { 20: "2026-04-30", 22: "2027-04-30" };

/** What is wrong with this Node, as a sentence; `undefined` when it is supported. */
export function unsupportedNode(version = process.versions.node): string | undefined {
  const major = Number.parseInt(version, 10);
  if (major >= oldestSupported) return undefined;
  const until = fixedUntil[major];
  const fixes = until ? `, and Node ${major} gets security fixes until ${until}` : "";
  return `this is Node ${version}: Floodgate supports Node ${oldestSupported} and later${fixes}`;
}

/** One line in the log of a process that keeps running. */
export function warnOfUnsupportedNode(log: Log): void {
  const detail = unsupportedNode();
  if (detail) log.warn({ event: "node_not_supported", detail });
}
