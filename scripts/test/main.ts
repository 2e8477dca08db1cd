/**
 * The test run: one build, then all stages side by side, each file of tests on real servers of its own. What a file
 * prints stands together. Ends with the times of all stages and one line, `N passed, N failed`.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { ensurePrograms } from "#scripts/services/programs.ts";
import { end } from "./end.ts";
import { capture } from "./job.ts";
import { printFailures, printJob, printTimes, sum } from "./report.ts";
import { runJobs } from "./schedule.ts";
import { jobsOfStages, type StageName, stageNames } from "./stages.ts";

const longRun = ["--import", "tsx", "test/faults/long-run.ts"];
const upgrade = ["--import", "tsx", "test/upgrade/run-upgrade.ts"];
const preparing = [
  ["--import", "tsx", "scripts/build.ts", "--if-changed"],
  ["--import", "tsx", "test/support/prepare.ts"],
];

const { values: options, positionals } = parseArgs({
  options: {
    minutes: { type: "string" },
    seed: { type: "string" },
    only: { type: "string" },
    "upgrade-from": { type: "string" },
  },
  allowPositionals: true,
});

const isStage = (name: string): name is StageName => stageNames.some(stage => stage === name);

function wantedStages(): readonly StageName[] {
  const unknown = positionals.filter(name => !isStage(name));
  if (unknown.length > 0) {
    console.error(`no such stage: ${unknown.join(", ")}; there are ${stageNames.join(", ")}`);
    process.exit(64);
  }
  return positionals.length === 0 ? stageNames : positionals.filter(isStage);
}

/** Everything that tests share; false when it could not be made. */
async function prepare(): Promise<boolean> {
  for (const args of preparing) {
    const { status, output } = await capture(process.execPath, args);
    if (status !== 0) {
      console.log(`\n✖ ${args.at(2)}\n${output}`);
      return false;
    }
  }
  return true;
}

/** Runs only the fault tests, for this many minutes. */
async function runLong(minutes: string): Promise<never> {
  if (!(await prepare())) process.exit(1);
  const { seed = "1", only = "" } = options;
  return runProgram([...longRun, "--minutes", minutes, "--seed", seed, "--only", only]);
}

/** Runs only the upgrade from the release at a git ref. */
async function runUpgrade(ref: string): Promise<never> {
  if (!(await prepare())) process.exit(1);
  return runProgram([...upgrade, ref]);
}

function runProgram(args: readonly string[]): never {
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  process.exit(status ?? 1);
}

const wanted = wantedStages();
ensurePrograms(
  [
    ...(["memcached", "mariadb", "mariadb-install-db", "chromium", "systemd-analyze"] as const),
    ...(["nginx", "haproxy", "caddy"] as const),
  ],
  console.log,
);
if (!existsSync("reader/generated.ts")) {
  await capture(process.execPath, ["--import", "tsx", "scripts/gen-reader.ts"]);
}
if (options.minutes !== undefined) await runLong(options.minutes);
if (options["upgrade-from"] !== undefined) await runUpgrade(options["upgrade-from"]);

const jobs = jobsOfStages(wanted);
const needsBuild = jobs.some(job => job.needsBuild);
const build = needsBuild ? prepare() : Promise.resolve(true);
const finished = await runJobs(jobs, Math.max(2, availableParallelism()), build, printJob);
printTimes(
  finished,
  stageNames.filter(stage => wanted.includes(stage)),
);
printFailures(finished);
const { passed, failed } = sum(finished);
const notRun = jobs.length - finished.length;
if (notRun > 0) console.log(`✖ ${notRun} files were not run: there is no build`);
console.log(`\n${passed} passed, ${failed + notRun} failed`);
end(failed + notRun > 0 ? 1 : 0);
