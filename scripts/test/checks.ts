/** Everything about the source that a tool can tell: format, lint, types, import rules, unused code. */
import { existsSync } from "node:fs";
import { type Job, judgeByStatus } from "./job.ts";

const sources = [
  "app",
  "bench",
  "cli",
  "e2e",
  "lib",
  "reader",
  "scripts",
  "server",
  "test",
  "worker",
];

const bin = (name: string) => `node_modules/.bin/${name}`;

function check(name: string, program: string, args: readonly string[], needsBuild = false): Job {
  const run = () => judgeByStatus(program, args);
  return { stage: "checks", name, cores: 1, needsBuild, run };
}

export function checks(withBuild: boolean): Job[] {
  const cruised = sources.filter(directory => existsSync(directory));
  return [
    check("format and lint", bin("biome"), ["ci", "--error-on-warnings", "."]),
    check("import rules", bin("depcruise"), ["--config", ".dependency-cruiser.mjs", ...cruised]),
    check("unused code", bin("knip"), ["--no-progress"]),
    check("generated files", process.execPath, ["--import", "tsx", "scripts/gen.ts", "--check"]),
    // Next writes types of its own while it builds.
    check("types", bin("tsc"), ["--noEmit"], withBuild),
  ];
}
