/** Builds of the front and the worker with the fault points armed, and with a planted bug if wanted. */
import { bundle, programs } from "#scripts/bundles.ts";
import { type PlantedBug, planting } from "./planted.ts";

/** Bundles everything with `test/faults/armed.ts` in it; gives the folder. Takes a second. */
export async function buildArmed(bug?: PlantedBug): Promise<string> {
  const name = bug?.name.replaceAll(/\W+/g, "-") ?? "armed";
  const directory = `dist/faults/${name}`;
  const plugins = bug?.edits ? [planting(bug.edits)] : [];
  await bundle(programs, directory, { conditions: ["faults"], plugins });
  return directory;
}
