/**
 * The long run: every fault again and again, in an order and at moments drawn from the seed, until the
 * time is over. Ends with a table, printed and written to `test-results/`, and with status 1 when any
 * promise was broken or any fault did nothing.
 *
 * `npm run test:faults -- --minutes 20 --seed 7`, or `--only "front stopped"` for the faults with such a name.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { MINUTE, monotonicMs } from "#lib/base/clock.ts";
import { mulberry32 } from "#test/support/random.ts";
import type { Site } from "#test/support/site.ts";
import { copiesFaults } from "./catalogue/copy-faults.ts";
import { faults } from "./catalogue.ts";
import { startFaultSite } from "./fault-site.ts";
import { type Report, runFault } from "./incident.ts";
import { faultTable, formatTable } from "./table.ts";

/** Faults that take time take this many times as long as in the short run: MySQL is away for a minute. */
const scale = 20;
const directory = "test-results";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
    only: { type: "string", default: "" },
  },
});
const seed = Number(values.seed);
const random = mulberry32(seed);
const reports: Report[] = [];

/** All faults in a random order, each with the site that it is done to. */
function shuffled(one: Site, two: Site) {
  const all = [
    ...faults.map(fault => ({ fault, site: one, at: random() })),
    ...copiesFaults.map(fault => ({ fault, site: two, at: random() })),
  ];
  return all
    .filter(({ fault }) => fault.name.includes(values.only))
    .sort((a, b) => a.at - b.at)
    .map(({ fault, site }) => ({ fault, site, seed: Math.floor(random() * 2 ** 31) }));
}

if (![...faults, ...copiesFaults].some(({ name }) => name.includes(values.only))) {
  throw new RangeError(`there is no fault with "${values.only}" in its name`);
}
console.log(`seed ${seed}, ${values.minutes} minutes`);
mkdirSync(directory, { recursive: true });
const one = await startFaultSite();
const two = await startFaultSite(2);
const untilMs = monotonicMs() + Number(values.minutes) * MINUTE;
try {
  for (let round = 1; monotonicMs() < untilMs; round++) {
    for (const { fault, site, seed: own } of shuffled(one, two)) {
      if (monotonicMs() > untilMs) break;
      // The first round is short, so that every fault has its turn.
      const short = round === 1 && !fault.isLong;
      const options = { seed: own, scale: short ? 1 : scale, historyDirectory: directory };
      const report = await runFault(site, fault, options);
      reports.push(report);
      const verdict = report.complaints.length === 0 ? "ok" : report.complaints.join("; ");
      console.log(`${fault.name} (${own}): ${report.acknowledged} acknowledged: ${verdict}`);
    }
  }
} catch (error) {
  // What was found so far is worth having.
  console.log(`the run broke off: ${error instanceof Error ? error.stack : error}`);
  process.exitCode = 1;
} finally {
  await Promise.all([one.stop(), two.stop()]);
}

const rows = faultTable(reports);
console.log(`\n${formatTable(rows)}`);
const file = `${directory}/faults-${seed}.json`;
writeFileSync(file, `${JSON.stringify({ seed, rows, reports }, null, 2)}\n`);
console.log(`\nwritten to ${file}`);
const failed = reports.filter(report => report.complaints.length > 0).length;
console.log(`${reports.length - failed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : process.exitCode);
