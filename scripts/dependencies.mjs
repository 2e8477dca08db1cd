/**
 * Node's version and the packages of the lockfile, checked with nothing but Node itself: this runs before
 * anything is installed.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const stampFile = "node_modules/.floodgate-lockfile";
/** Of development and tests; production needs a later one (`engines` in package.json). @type {[number, number]} */
export const oldestNode = [20, 19];

/** Stops with a sentence when this Node is too old. */
export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [wantedMajor, wantedMinor] = oldestNode;
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  console.error(`Node ${oldestNode.join(".")} or later is needed; this is ${process.version}.`);
  process.exit(1);
}

/** Installs exactly what the lockfile says, unless that was done already. */
export function installDependencies() {
  const digest = createHash("sha256").update(readFileSync("package-lock.json")).digest("hex");
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === digest) return;
  console.log("· installing dependencies from the lockfile");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const { status } = spawnSync(npm, ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(stampFile, digest);
}
