/** The stages of the test run and the jobs of each. The longest come first, so that none is left over at the end. */

import { installedNodeLts } from "#scripts/node-lts.mjs";
import { checks } from "./checks.ts";
import type { Job } from "./job.ts";
import { jobForEach, runNodeTests, runNodeTestsBy, testFiles } from "./node-tests.ts";
import { runPlaywright } from "./playwright.ts";

export const stageNames = [
  "checks",
  "unit",
  "integration",
  "conformance",
  "promises",
  "faults",
  "e2e",
  "lts",
] as const;

export type StageName = (typeof stageNames)[number];

const unitDirectories = ["cli", "lib", "reader", "server", "worker", "scripts", "test/support"];

/** Cores that a file keeps busy: its processor time through the time it takes alone, where that is unusual. */
const unusual = new Map([
  ["test/integration/idle.test.ts", 0.05],
  ["test/integration/backup-swap.test.ts", 0.1],
  ["test/integration/setbacks.test.ts", 0.1],
  ["test/integration/dead-outputs.test.ts", 0.6],
  ["test/integration/mysql-errors-beside-flush.test.ts", 1],
  ["test/integration/mysql-errors-in-flush.test.ts", 0.7],
  ["test/integration/command-line.test.ts", 1.5],
  ["test/promises/1-exactly-once.test.ts", 0.7],
  ["test/model/planted.test.ts", 2],
  ["test/model/whole-path.test.ts", 2],
]);
const coresOf = (usual: number) => (file: string) => unusual.get(file) ?? usual;
/** Files that mostly wait leave the cores to others. */
const coresOfWaiting = 0.1;

function jobsOf(stage: StageName, withBuild: boolean): Job[] {
  switch (stage) {
    case "checks":
      return checks(withBuild);
    case "unit":
      return [
        {
          stage,
          name: unitDirectories.join(", "),
          cores: 1.5,
          needsBuild: false,
          run: () => runNodeTests(testFiles(unitDirectories), 2),
        },
      ];
    case "lts":
      return ltsJobs();
    case "integration":
      return jobForEach(
        stage,
        [...testFiles(["test/integration"]), ...testFiles(["test"], true)],
        coresOf(0.35),
      );
    case "conformance":
      return jobForEach(stage, testFiles(["test/conformance"]), coresOf(0.5));
    case "promises":
      return jobForEach(stage, testFiles(["test/promises"]), coresOf(0.4));
    case "faults":
      return jobForEach(stage, testFiles(["test/faults", "test/model"]), coresOf(0.4));
    case "e2e":
      return [{ stage, name: "Chromium", cores: 1, needsBuild: true, run: runPlaywright }];
  }
}

/** Unit and conformance tests once more, on the Node that is supported in production. */
function ltsJobs(): Job[] {
  const node = installedNodeLts(console.log);
  if (!node) throw new Error("scripts/node-lts/package.json has no Node for this machine");
  const job = (directories: readonly string[], cores: number, needsBuild: boolean): Job => ({
    stage: "lts",
    name: directories.join(", "),
    cores,
    needsBuild,
    run: () => runNodeTestsBy(node.program, testFiles(directories), 2),
  });
  return [job(unitDirectories, 1.5, false), job(["test/conformance"], 0.5, true)];
}

/** Stages in the order in which they are to be started. */
const order: readonly StageName[] = [
  "checks",
  "unit",
  "e2e",
  "faults",
  "promises",
  "conformance",
  "lts",
  "integration",
];

export function jobsOfStages(wanted: readonly StageName[]): Job[] {
  const needsNoBuild = (stage: StageName) => stage === "checks" || stage === "unit";
  const withBuild = !wanted.every(needsNoBuild);
  const jobs = order
    .filter(stage => wanted.includes(stage))
    .flatMap(stage => jobsOf(stage, withBuild));
  const waits = ({ cores }: Job) => Number(cores <= coresOfWaiting);
  return jobs.sort((a, b) => waits(b) - waits(a));
}
