/** A process on a machine whose clock is two hours off. */
import { HOUR, sleep } from "#lib/base/clock.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import type { Process, Site } from "#test/support/site.ts";
import type { Fault, Incident } from "../incident.ts";

/** Starts a process again with a wrong clock, and waits until it says so. */
export function clockWrong(
  name: string,
  choose: (incident: Incident) => Process,
  restart: (site: Site, process: Process, env: Record<string, string>) => Promise<void>,
): Fault {
  return {
    name,
    inject: async incident => {
      const process = choose(incident);
      const offset = incident.pick([-2 * HOUR, 2 * HOUR]);
      incident.tainted.add(process);
      await process.child.stop();
      const before = incident.logged("clock_wrong");
      await restart(incident.site, process, { CLOCK_OFFSET_MS: String(offset) });
      await waitUntil("the wrong clock to be noticed", () => {
        incident.noteEvidence("clock found wrong", incident.logged("clock_wrong") - before);
        return incident.logged("clock_wrong") > before;
      });
      await sleep(500);
    },
  };
}
