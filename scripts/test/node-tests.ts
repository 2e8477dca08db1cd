/** Tests of Node's own runner. */
import { execFileSync, fork } from "node:child_process";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { type Count, type Job, type Outcome, runBehind } from "./job.ts";

/** A file of tests may start a whole site and kill it many times. */
const fileMsMax = 15 * 60_000;

/**
 * The test files that git knows of (or would, once added) in these directories and below; with `shallow`, not below.
 */
export function testFiles(directories: readonly string[], shallow = false): string[] {
  const listed = execFileSync(
    "git",
    ["ls-files", "--cached", "--others", "--exclude-standard", "--", ...directories],
    { encoding: "utf8" },
  );
  const isIn = (file: string) =>
    directories.some(directory => !file.slice(directory.length + 1).includes("/"));
  return listed.split("\n").filter(file => file.endsWith(".test.ts") && (!shallow || isIn(file)));
}

/** One job for each file. */
export function jobForEach(
  stage: string,
  files: readonly string[],
  coresOf: (file: string) => number,
): Job[] {
  return files.map(file => ({
    stage,
    name: file,
    cores: coresOf(file),
    needsBuild: true,
    run: () => runNodeTests([file], 1),
  }));
}

/** Runs the files, `concurrency` at a time, and counts the tests in them (suites are not tests). */
export async function runNodeTests(
  files: readonly string[],
  concurrency: number,
): Promise<Outcome> {
  const count: Count = { passed: 0, failed: 0 };
  const stream = run({ files: [...files], concurrency, timeout: fileMsMax });
  const isTest = (data: { details?: { type?: string } }) => data.details?.type !== "suite";
  stream.on("test:pass", data => {
    if (isTest(data) && data.nesting > 0) count.passed += 1;
    else if (isTest(data) && !files.some(file => data.name.endsWith(file))) count.passed += 1;
  });
  stream.on("test:fail", data => {
    if (isTest(data)) count.failed += 1;
  });
  let output = "";
  for await (const text of stream.compose(new spec())) output += text;
  return { ...count, output };
}

/** The same by another Node: `run-files.ts` runs in it. */
export function runNodeTestsBy(
  node: string,
  files: readonly string[],
  concurrency: number,
): Promise<Outcome> {
  return new Promise(resolve => {
    const args = [String(concurrency), ...files];
    const child = fork("scripts/test/run-files.ts", args, {
      execPath: node,
      execArgv: ["--import", "tsx"],
      silent: true,
    });
    runBehind(child);
    let outcome: Outcome = { passed: 0, failed: 1, output: "" };
    let printed = "";
    child.on("message", message => {
      outcome = message as Outcome;
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (bytes: Buffer) => {
        printed += bytes.toString();
      });
    }
    child.once("close", () => resolve({ ...outcome, output: printed + outcome.output }));
  });
}
