/** The suite is able to fail: every planted bug turns the run of its fault red. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Site } from "#test/support/site.ts";
import { buildArmed } from "./builds.ts";
import { faults } from "./catalogue.ts";
import { isClean } from "./checker.ts";
import { startFaultSite } from "./fault-site.ts";
import { runFault } from "./incident.ts";
import type { PlantedBug } from "./planted.ts";

const seed = Number(process.env.TEST_SEED ?? 1);
/** A site without a bug is quiescent long before. */
const quiescentMsMax = 6_000;

/** The bugs are in files of their own, so that their sites run side by side. */
export function plantedSuite(name: string, bugs: readonly PlantedBug[]): void {
  describe(`planted bugs, ${name}, seed ${seed}`, () => {
    let site: Site;
    before(async () => {
      site = await startFaultSite();
    });
    after(() => site?.stop());

    async function start(programs: string): Promise<void> {
      site.programs = programs;
      for (const { child } of [...site.fronts, ...site.workers]) await child.kill();
      for (const worker of site.workers) await site.restartWorker(worker);
      for (const front of site.fronts) await site.restartFront(front);
    }

    /** Nothing of a bug's harm may be left for the next. */
    async function forget(): Promise<void> {
      for (const table of ["ballots", "batches", "checkpoints"]) {
        await site.query(`DELETE FROM floodgate.${table}`);
      }
      await site.memcached[0]?.child.kill();
      await site.restartMemcached();
    }

    async function plant(bug: PlantedBug) {
      await start(await buildArmed(bug));
      if (bug.sql) await site.query(bug.sql.plant.replace("ballots", "floodgate.ballots"));
    }

    for (const bug of bugs) {
      it(`${bug.name}: shown by "${bug.shownBy}"`, async t => {
        const fault = faults.find(({ name }) => name === bug.shownBy);
        assert.ok(fault, bug.shownBy);
        await plant(bug);
        t.after(async () => {
          await forget();
          if (bug.sql) await site.query(bug.sql.heal.replace("ballots", "floodgate.ballots"));
        });
        // What a bug needs may not happen at the first random moment; a few tries are fair.
        for (let attempt = 0; attempt < 3; attempt++) {
          const report = await runFault(site, fault, {
            seed: seed + attempt,
            scale: 1,
            quiescentMsMax,
          });
          t.diagnostic(report.complaints.join("; ") || "nothing found");
          if (!isClean(report)) return;
        }
        assert.fail("no run reported the planted bug");
      });
    }
  });
}
