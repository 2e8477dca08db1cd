/**
 * Builds everything that runs in production: readers' assets, Next's bundle, and one bundle for each of
 * our own entries. With `--if-changed` it does nothing when no source is newer than the last build.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundle, programs } from "./bundles.ts";

const sources = ["app", "lib", "public", "reader", "server", "worker"];
const files = [
  "next.config.ts",
  "package.json",
  "package-lock.json",
  "postcss.config.mjs",
  "tsconfig.json",
];
const generated = new Set(["reader/generated.ts", "worker/generated.ts"]);
const stampFile = "dist/.sources";

function* filesUnder(directory: string): Generator<string> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* filesUnder(path);
    else yield path;
  }
}

/** A digest of all sources: the same when nothing changed, wherever the checkout lies. */
function digestOfSources(): string {
  const hash = createHash("sha256").update(process.version);
  const all = [...sources.flatMap(directory => [...filesUnder(directory)]), ...files];
  for (const path of all.sort()) {
    if (generated.has(path) || path.startsWith("public/fonts") || !existsSync(path)) continue;
    hash.update(path).update(readFileSync(path));
  }
  return hash.digest("hex");
}

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
