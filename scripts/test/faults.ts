/** The fault tests: the short run by default; for so many minutes when asked to. */
import { spawnSync } from "node:child_process";
import type { Count } from "./count.ts";
import { runNodeTests, testFiles } from "./node-tests.ts";

export interface FaultOptions {
  readonly minutes?: string | undefined;
  readonly seed?: string | undefined;
}

export async function runFaults({ minutes, seed }: FaultOptions): Promise<Count> {
  if (minutes === undefined) {
    // Two sites side by side: most of the time is spent waiting for leases and grace times.
    return runNodeTests(testFiles(["test/faults", "test/model"]), 2);
  }
  const { status } = spawnSync(
    process.execPath,
    ["--import", "tsx", "test/faults/long-run.ts", "--minutes", minutes, "--seed", seed ?? "1"],
    { stdio: "inherit" },
  );
  return status === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}
