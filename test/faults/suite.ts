/**
 * Every fault of a list once, from a fixed seed, on real processes: acknowledged ballots count once, whatever dies.
 * `npm run test:faults -- --minutes 20 --seed N` does the same for longer, at other moments.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Site } from "#test/support/site.ts";
import { undisturbed } from "#test/support/stalls.ts";
import { startFaultSite } from "./fault-site.ts";
import { type Fault, runFault } from "./incident.ts";

const seed = Number(process.env.TEST_SEED ?? 20_261_121);

/** The lists are in files of their own, so that their sites run side by side. */
export function faultSuite(name: string, copies: number, faults: readonly Fault[]): void {
  describe(`${name}, seed ${seed}`, () => {
    let site: Site;
    before(async () => {
      site = await startFaultSite(copies);
    });
    after(() => site?.stop());

    for (const [index, fault] of faults.entries()) {
      it(`no acknowledged ballot is lost or counted twice: ${fault.name}`, async t => {
        const options = { seed: seed + index * 1_000, scale: 1 };
        const report = await undisturbed(
          () => runFault(site, fault, options),
          ({ isVacuous }) => !isVacuous,
        );
        const { acknowledged, recovered, slowestMs, stallMs, evidence } = report;
        t.diagnostic(JSON.stringify({ acknowledged, recovered, slowestMs, stallMs, evidence }));
        assert.deepEqual(report.complaints, []);
      });
    }
  });
}
