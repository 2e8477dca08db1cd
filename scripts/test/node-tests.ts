/** Tests of Node's own runner. */
import { execFileSync } from "node:child_process";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import type { Count } from "./count.ts";

/** A file of tests may start a whole site and kill it many times. */
const fileMsMax = 15 * 60_000;

/**
 * The test files that git knows of (or would, once added) below `directories`; with `depth`, no deeper
 * than so many folders below the last of them.
 */
export function testFiles(directories: readonly string[], depth?: number): string[] {
  const listed = execFileSync(
    "git",
    ["ls-files", "--cached", "--others", "--exclude-standard", "--", ...directories],
    { encoding: "utf8" },
  );
  const shallow = directories.at(-1) ?? "";
  return listed
    .split("\n")
    .filter(file => file.endsWith(".test.ts"))
    .filter(file => {
      if (depth === undefined) return true;
      const first = directories[0] ?? "";
      return (
        file.startsWith(`${first}/`) || file.slice(shallow.length + 1).split("/").length <= depth
      );
    });
}

/** Runs the files, so many at a time, and counts the tests in them (suites are not tests). */
export async function runNodeTests(files: readonly string[], concurrency: number): Promise<Count> {
  const count: Count = { passed: 0, failed: 0 };
  if (files.length === 0) return count;
  const stream = run({ files: [...files], concurrency, timeout: fileMsMax });
  const isTest = (data: { details?: { type?: string } }) => data.details?.type !== "suite";
  stream.on("test:pass", data => {
    if (isTest(data) && data.nesting > 0) count.passed += 1;
    else if (isTest(data) && !files.some(file => data.name.endsWith(file))) count.passed += 1;
  });
  stream.on("test:fail", data => {
    if (isTest(data)) count.failed += 1;
  });
  const output = stream.compose(new spec());
  output.pipe(process.stdout, { end: false });
  await new Promise(resolve => output.on("end", resolve));
  return count;
}
