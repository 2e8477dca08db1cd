/** Builds of the front and the worker with the fault points armed. */
import { bundle, programs } from "#scripts/bundles.ts";

const directory = "dist/faults";

/** Bundles everything with `test/faults/armed.ts` in it; gives the folder. Takes a second. */
export async function buildArmed(): Promise<string> {
  await bundle(programs, directory, { conditions: ["faults"] });
  return directory;
}
