/**
 * `npm test`: everything, from a fresh clone. This first part needs only Node; the rest
 * (`scripts/test/main.ts`) runs once the dependencies are there.
 *
 * `npm test -- checks unit integration conformance promises faults e2e lts` runs only the stages named.
 */
import { spawnSync } from "node:child_process";
import { checkNode, installDependencies } from "./dependencies.mjs";

checkNode();
installDependencies();

const { status } = spawnSync(
  process.execPath,
  ["--import", "tsx", "scripts/test/main.ts", ...process.argv.slice(2)],
  { stdio: "inherit" },
);
process.exit(status ?? 1);
