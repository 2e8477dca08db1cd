/**
 * The test run: checks, then tests from the small and quick to the large and slow, each stage on real
 * servers of its own. Ends with one line, `N passed, N failed`.
 */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { ensurePrograms } from "#scripts/services/programs.ts";
import { checks, runCommand } from "./checks.ts";
import type { Count } from "./count.ts";
import { runFaults } from "./faults.ts";
import { runNodeTests, testFiles } from "./node-tests.ts";
import { runPlaywright } from "./playwright.ts";

interface Stage {
  readonly name: string;
  readonly run: () => Promise<Count>;
}

const build = { name: "build", command: ["--import", "tsx", "scripts/build.ts", "--if-changed"] };

const { values: options, positionals: wanted } = parseArgs({
  options: { minutes: { type: "string" }, seed: { type: "string" }, only: { type: "string" } },
  allowPositionals: true,
});

const stages: readonly Stage[] = [
  { name: "checks", run: () => checks() },
  {
    name: "unit",
    run: () => runNodeTests(testFiles(["cli", "lib", "reader", "server", "worker", "scripts"]), 2),
  },
  { name: "integration", run: () => runNodeTests(testFiles(["test/integration", "test"], 1), 2) },
  { name: "conformance", run: () => runNodeTests(testFiles(["test/conformance"]), 1) },
  { name: "promises", run: () => runNodeTests(testFiles(["test/promises"]), 1) },
  { name: "faults", run: () => runFaults(options) },
  { name: "e2e", run: () => runPlaywright() },
];

const unknown = wanted.filter(name => !stages.some(stage => stage.name === name));
if (unknown.length > 0) {
  console.error(
    `no such stage: ${unknown.join(", ")}; there are ${stages.map(s => s.name).join(", ")}`,
  );
  process.exit(64);
}

ensurePrograms(
  ["memcached", "mariadb", "mariadb-install-db", "chromium", "systemd-analyze"],
  console.log,
);
if (!existsSync("reader/generated.ts")) runCommand(["--import", "tsx", "scripts/gen-reader.ts"]);

const total: Count = { passed: 0, failed: 0 };
for (const stage of stages) {
  if (wanted.length > 0 && !wanted.includes(stage.name)) continue;
  if (stage.name !== "checks" && stage.name !== "unit") {
    runCommand(build.command);
    runCommand(["--import", "tsx", "test/support/prepare.ts"]);
  }
  console.log(`\n== ${stage.name}`);
  const startedMs = Date.now();
  const { passed, failed } = await stage.run();
  total.passed += passed;
  total.failed += failed;
  const seconds = Math.round((Date.now() - startedMs) / 1000);
  console.log(`== ${stage.name}: ${passed} passed, ${failed} failed (${seconds} s)`);
}
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exit(total.failed > 0 ? 1 : 0);
