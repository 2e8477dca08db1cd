/**
 * Builds everything that runs in production: readers' assets, Next's bundle, and one bundle for each of
 * our own entries. With `--if-changed` it does nothing when no source is newer than the last build.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { bundle, programs } from "./bundles.ts";
import { digestOfSources } from "./sources.ts";

const stampFile = "dist/.sources";

function run(command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, {
    stdio: "inherit",
    env: { ...process.env, NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "production" },
  });
  if (status !== 0) process.exit(status ?? 1);
}

const digest = digestOfSources();
const upToDate =
  process.argv.includes("--if-changed") &&
  existsSync(".next/BUILD_ID") &&
  existsSync(stampFile) &&
  readFileSync(stampFile, "utf8") === digest;

if (!upToDate) {
  run(process.execPath, ["--import", "tsx", "scripts/gen-reader.ts"]);
  run(process.execPath, ["node_modules/next/dist/bin/next", "build"]);
  await bundle(programs, "dist");
  writeFileSync(stampFile, digestOfSources());
}
