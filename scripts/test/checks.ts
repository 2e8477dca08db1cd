/** Everything about the source that a tool can tell: format, lint, types, import rules, unused code. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { Count } from "./count.ts";

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

const commands: readonly { readonly name: string; readonly command: readonly string[] }[] = [
  { name: "format and lint", command: [bin("biome"), "ci", "--error-on-warnings", "."] },
  { name: "types", command: [bin("tsc"), "--noEmit"] },
  {
    name: "import rules",
    command: [
      bin("depcruise"),
      "--config",
      ".dependency-cruiser.mjs",
      ...sources.filter(directory => existsSync(directory)),
    ],
  },
  { name: "unused code", command: [bin("knip"), "--no-progress"] },
  {
    name: "generated files",
    command: [process.execPath, "--import", "tsx", "scripts/gen.ts", "--check"],
  },
];

/** Runs a Node program of ours; stops everything when it fails. */
export function runCommand(args: readonly string[]): void {
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  if (status !== 0) {
    console.log(`\n0 passed, 1 failed (${args.at(-1)})`);
    process.exit(1);
  }
}

export async function checks(): Promise<Count> {
  const count: Count = { passed: 0, failed: 0 };
  for (const { name, command } of commands) {
    const [program = "", ...args] = command;
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
    if (status === 0) count.passed += 1;
    else {
      count.failed += 1;
      console.log(stdout, stderr);
    }
    console.log(`${status === 0 ? "✔" : "✖"} ${name}`);
  }
  return count;
}
