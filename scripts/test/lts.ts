/**
 * The current Node LTS, from packages that have a lockfile of their own (`scripts/node-lts/`): as a dependency of the
 * project its `node` would come before the machine's in every npm script.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const directory = "scripts/node-lts";
const packages = join(directory, "node_modules");

/**
 * The path of its program, which is installed now unless it is there.
 *
 * @throws Error when there is no package for this machine.
 */
export function ensureNodeLts(say: (sentence: string) => void): string {
  if (!find()) {
    say("installing the current Node LTS, for tests (npm package)");
    spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
      cwd: directory,
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
  const program = find();
  if (!program) throw new Error(`${directory}/package.json has no Node for this machine`);
  return program;
}

/** npm installs the one package that fits the machine. */
function find(): string | undefined {
  if (!existsSync(packages)) return undefined;
  return readdirSync(packages)
    .map(name => join(packages, name, "bin/node"))
    .find(path => existsSync(path));
}
