/**
 * Every fault once, from a fixed seed, on real processes: acknowledged ballots count once, whatever dies.
 * `npm run test:faults -- --minutes 20 --seed N` does the same for longer, at other moments.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Site } from "#test/support/site.ts";
import { copiesFaults } from "./catalogue/copies.ts";
import { faults } from "./catalogue.ts";
import { type Fault, runFault } from "./incident.ts";
import { startFaultSite } from "./site.ts";

const seed = Number(process.env.TEST_SEED ?? 20_261_121);

function suite(name: string, copies: number, faults: readonly Fault[]): void {
  describe(`${name}, seed ${seed}`, () => {
    let site: Site;
    before(async () => {
      site = await startFaultSite(copies);
    });
    after(() => site?.stop());

    for (const [index, fault] of faults.entries()) {
      it(fault.name, async t => {
        const report = await runFault(site, fault, { seed: seed + index * 1_000, scale: 1 });
        const { acknowledged, recovered, slowestMs, bites } = report;
        t.diagnostic(JSON.stringify({ acknowledged, recovered, slowestMs, bites }));
        assert.deepEqual(report.complaints, []);
      });
    }
  });
}

suite("faults", 1, faults);
suite("faults with two copies", 2, copiesFaults);
