/** Builds of the front and the worker with the fault points armed, and with a planted bug if wanted. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { bundle } from "#scripts/bundles.ts";
import { digestOfSources } from "#scripts/sources.ts";
import { type PlantedBug, planting } from "./planted.ts";

const builds = "dist/faults";
const ownSources = ["scripts/bundles.ts", "test/faults/armed.ts", "test/faults/planted.ts"];

/** Bundles everything with `test/faults/armed.ts` in it, unless that was done before; gives the folder. */
export async function buildArmed(bug?: PlantedBug): Promise<string> {
  const name = bug?.name.replaceAll(/\W+/g, "-") ?? "armed";
  const directory = join(builds, name);
  const stamp = join(directory, ".sources");
  const digest = digestOfSources(ownSources);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return directory;
  mkdirSync(builds, { recursive: true });
  // Another test may be about to start the same build: it finds it whole, or makes its own.
  const making = mkdtempSync(join(builds, "making-"));
  const plugins = bug?.edits ? [planting(bug.edits)] : [];
  await bundle(making, { conditions: ["faults"], plugins });
  writeFileSync(join(making, ".sources"), digest);
  rmSync(directory, { recursive: true, force: true });
  renameSync(making, directory);
  return directory;
}
