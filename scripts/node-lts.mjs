/**
 * The current Node LTS, from npm packages that have a lockfile of their own (`scripts/node-lts/`): as a dependency of
 * the project its `node` would come before the machine's in every npm script. `npm run up` runs the site on it where
 * the machine's Node is older than Floodgate supports, and `npm test` repeats some stages on it.
 *
 * Needs only Node itself: `npm run up` calls it from its first part.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const directory = "scripts/node-lts";
const packages = join(directory, "node_modules");

/** @typedef {{ readonly program: string, readonly version: string }} Node its path, and its version without the "v" */

/** @param {string} path */
const readJson = path => JSON.parse(readFileSync(path, "utf8"));

/** @param {string} version */
const majorOf = version => Number.parseInt(version, 10);

/**
 * The Node that the site of `npm run up` runs on: the machine's own, or the LTS where the machine's is older than
 * `engines` in package.json asks for.
 *
 * On failure: the machine's own, and a sentence says so.
 *
 * @param {(sentence: string) => void} say
 * @param {Node} own - the machine's.
 * @param {() => Node | undefined} lts - finds the LTS, or installs it.
 * @returns {string} the path of its program.
 */
export function nodeForSite(
  say,
  own = { program: process.execPath, version: process.versions.node },
  lts = () => installedNodeLts(say),
) {
  const wanted = majorOf(readJson("package.json").engines.node.replace(">=", ""));
  if (majorOf(own.version) >= wanted) return own.program;
  const node = lts();
  if (node) {
    say(`this machine has Node ${own.version}; the site runs on Node ${node.version}`);
    return node.program;
  }
  const fallback = `the site runs on this machine's Node ${own.version}`;
  say(`Node ${wanted} could not be installed; ${fallback}, which is not supported in production`);
  return own.program;
}

/**
 * The current LTS, which is installed now unless it is there. `undefined` when it can't be installed, or does not run
 * on this machine.
 *
 * @param {(sentence: string) => void} say
 * @returns {Node | undefined}
 */
export function installedNodeLts(say) {
  const there = find();
  if (there) return there;
  say("installing the current Node LTS (npm package, 50 MB)");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  // Without a network, npm would try for a minute.
  const patience = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000"];
  spawnSync(npm, ["ci", ...patience, "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: directory,
    stdio: ["ignore", "ignore", "inherit"],
  });
  return find();
}

/**
 * npm installs the one package that fits the machine. An earlier version, an install that was interrupted, and a
 * program that needs another C library do not count.
 *
 * @returns {Node | undefined}
 */
function find() {
  if (!existsSync(packages)) return undefined;
  const pinned = readJson(join(directory, "package.json")).optionalDependencies;
  return readdirSync(packages)
    .filter(name => name in pinned)
    .map(name => ({ program: resolve(packages, name, "bin/node"), version: pinned[name] }))
    .find(({ program, version }) => versionOf(program) === `v${version}`);
}

/** @param {string} program */
const versionOf = program => spawnSync(program, ["--version"], { encoding: "utf8" }).stdout?.trim();
