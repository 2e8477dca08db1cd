/**
 * `npm run bench`: every benchmark and one report. `-- vote minute` for some of them, `--quick` for a few
 * minutes instead of half an hour, `--rows 1000000` for a smaller table of ballots to grow into, `--out
 * folder` for where the report goes.
 *
 * Exit status 1 when a target was missed or the books of a scenario do not balance.
 */
import { mkdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { monotonicMs } from "#lib/base/clock.ts";
import type { Effort, Scenario, ScenarioResult } from "./figures.ts";
import { describeMachine } from "./machine.ts";
import { printScenario, writeReport } from "./report.ts";
import { flush } from "./scenarios/flush.ts";
import { growth } from "./scenarios/growth.ts";
import { kickstart } from "./scenarios/kickstart.ts";
import { live } from "./scenarios/live.ts";
import { minute } from "./scenarios/minute.ts";
import { queue } from "./scenarios/queue.ts";
import { read } from "./scenarios/read.ts";
import { vote } from "./scenarios/vote.ts";

const scenarios: readonly Scenario[] = [vote, minute, queue, flush, kickstart, read, live, growth];

const { values, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    rows: { type: "string" },
    out: { type: "string", default: "bench/report" },
  },
});

const rows = Number(values.rows ?? (values.quick ? 500_000 : 10_000_000));
const effort: Effort = values.quick
  ? { quick: true, rows, rounds: 1, warmUpMs: 1_500, measureMs: 3_000 }
  : { quick: false, rows, rounds: 3, warmUpMs: 2_000, measureMs: 6_000 };

const unknown = wanted.filter(name => !scenarios.some(scenario => scenario.name === name));
if (unknown.length > 0 || !(rows > 0)) {
  console.error(`bench [--quick] [--rows n] [--out folder] [${scenarios.map(s => s.name)}]…`);
  process.exit(64);
}

mkdirSync(values.out, { recursive: true });
const machine = describeMachine();
console.log(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.commit}\n`);
const results: ScenarioResult[] = [];
let broken = 0;
for (const scenario of scenarios) {
  if (wanted.length > 0 && !wanted.includes(scenario.name)) continue;
  const { name, title } = scenario;
  console.log(`${name}: ${title}`);
  const startedMs = monotonicMs();
  try {
    const outcome = await scenario.run(effort, line => console.log(`  · ${line}`));
    const result = {
      scenario: name,
      title,
      ...outcome,
      seconds: (monotonicMs() - startedMs) / 1000,
    };
    results.push(result);
    printScenario(result);
  } catch (error) {
    broken += 1;
    console.error(`  ${name} broke: ${error instanceof Error ? error.stack : error}`);
  }
}
writeReport(values.out, { machine, quick: values.quick, results });
console.log(`report: ${values.out}/index.html and results.json`);
const missed = results.flatMap(({ figures }) =>
  figures.filter(({ target }) => target?.met === false),
);
const unbalanced = results.filter(({ books }) => books?.balanced === false);
process.exit(broken + missed.length + unbalanced.length > 0 ? 1 : 0);
