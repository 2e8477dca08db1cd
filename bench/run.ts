/** `npm run bench`: the benchmarks, and one report. */
import { mkdirSync } from "node:fs";
import { monotonicMs } from "#lib/base/clock.ts";
import {
  createProgram,
  exitStatus,
  runProgram,
  UsageError,
  wholeNumber,
} from "#lib/program/command-line.ts";
import type { Effort, Scenario, ScenarioResult } from "./figures.ts";
import { describeMachine } from "./machine.ts";
import { printScenario, writeReport } from "./report.ts";
import { flush } from "./scenarios/flush.ts";
import { growth } from "./scenarios/growth.ts";
import { herd } from "./scenarios/herd.ts";
import { kickstart } from "./scenarios/kickstart.ts";
import { live } from "./scenarios/live.ts";
import { minute } from "./scenarios/minute.ts";
import { peer } from "./scenarios/peer.ts";
import { queue } from "./scenarios/queue.ts";
import { read } from "./scenarios/read.ts";
import { rounds } from "./scenarios/rounds.ts";
import { vote } from "./scenarios/vote.ts";

const scenarios: readonly Scenario[] = [
  vote,
  minute,
  herd,
  rounds,
  peer,
  queue,
  flush,
  kickstart,
  read,
  live,
  growth,
];

const names = scenarios.map(({ name }) => name).join(", ");

interface BenchOptions {
  readonly quick?: boolean;
  readonly rows?: number;
  readonly out: string;
}

const program = createProgram<BenchOptions>(
  {
    name: "bench",
    summary: "measure, and write a report",
    description: `Runs every benchmark, or the scenarios named, on servers of its own. Scenarios: ${names}.`,
    argument: "[scenarios...]",
    options: [
      { flags: "--quick", text: "about ten minutes instead of an hour" },
      {
        flags: "--rows <number>",
        text: "ballots in the large table (10,000,000; 500,000 with --quick)",
        read: wholeNumber(1),
      },
      { flags: "--out <folder>", text: "where the report goes", default: "bench/report" },
    ],
    statuses: {
      0: "every target was met and all books balance",
      1: "a target was missed, books do not balance, or a scenario broke",
    },
    examples: ["npm run bench", "npm run bench -- --quick vote minute"],
  },
  measure,
);

async function measure(options: BenchOptions, wanted: readonly string[]): Promise<number> {
  const { quick = false, rows = quick ? 500_000 : 10_000_000 } = options;
  const effort: Effort = quick
    ? { quick, rows, rounds: 1, warmUpMs: 1_500, measureMs: 3_000 }
    : { quick, rows, rounds: 3, warmUpMs: 2_000, measureMs: 6_000 };
  const unknown = wanted.find(name => !scenarios.some(scenario => scenario.name === name));
  if (unknown !== undefined) throw new UsageError(`there is no scenario "${unknown}"`);
  mkdirSync(options.out, { recursive: true });
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
  writeReport(options.out, { machine, quick, results });
  console.log(`report: ${options.out}/index.html and results.json`);
  const missed = results.flatMap(({ figures }) =>
    figures.filter(({ target }) => target?.met === false),
  );
  const unbalanced = results.filter(({ books }) => books?.balanced === false);
  const failures = broken + missed.length + unbalanced.length;
  return failures > 0 ? exitStatus.failed : exitStatus.ok;
}

await runProgram(program);
