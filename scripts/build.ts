/**
 * Builds everything that runs in production: readers' assets, Next's bundle, and our own four programs. With
 * `--if-changed` it does nothing when no source is newer than the last build.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { bundle } from "./bundles.ts";
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
  rmSync("dist/cli", { recursive: true, force: true });
  await bundle("dist");
  chmodSync("dist/cli.mjs", 0o755);
  writeFileSync(stampFile, digestOfSources());
}
