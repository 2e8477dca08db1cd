/** Bundles the model, with a planted bug or without, and runs seeds of it in processes of their own. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { oneFile } from "#scripts/bundles.ts";
import { type Edit, planting } from "#test/faults/planted.ts";
import type { SeedsReport } from "./run-seeds.ts";

/** The cache prepares all its places at once, which would take half of a run's time; a run has two polls. */
const smallCache: Edit = {
  file: "lib/polls/published.ts",
  from: "const rememberedMax = 10_000;",
  to: "const rememberedMax = 100;",
};

/** A run has few ballots at a time, and is to load most of them. */
const smallLoads: Edit = {
  file: "lib/flush/loading.ts",
  from: "rowsMin = 50",
  to: "rowsMin = 2",
};

/** Bundles the model; gives the program's path. It is in the checkout, where packages are found. */
export async function bundleModel(edits: readonly Edit[] = []): Promise<string> {
  mkdirSync("dist", { recursive: true });
  const outdir = mkdtempSync(join("dist", "model-"));
  await build({
    ...oneFile,
    entryPoints: { "run-seeds": "test/model/run-seeds.ts" },
    outdir,
    logLevel: "error",
    plugins: [planting([smallCache, smallLoads, ...edits])],
  });
  return join(outdir, "run-seeds.mjs");
}

/** Runs seeds from `first` on. @throws Error when the process ends with another status than 0. */
export function runSeeds(
  program: string,
  first: number,
  count: number,
  mode: "all" | "stop" | "history" = "all",
): Promise<SeedsReport> {
  const child = spawn(process.execPath, [program, String(first), String(count), mode], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const output: Buffer[] = [];
  child.stdout.on("data", (bytes: Buffer) => output.push(bytes));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", status => {
      if (status === 0) resolve(JSON.parse(Buffer.concat(output).toString()) as SeedsReport);
      else reject(new Error(`the seeds from ${first} on ended with status ${status}`));
    });
  });
}
