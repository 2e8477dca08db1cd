/** The fault tests: the short run by default; for so many minutes when asked to. */
import { spawnSync } from "node:child_process";
import type { Count } from "./count.ts";
import { runNodeTests, testFiles } from "./node-tests.ts";

const longRun = ["--import", "tsx", "test/faults/long-run.ts"];

export interface FaultOptions {
  readonly minutes?: string | undefined;
  readonly seed?: string | undefined;
  /** Of the long run: a part of the names of faults. */
  readonly only?: string | undefined;
}

export async function runFaults({ minutes, seed = "1", only = "" }: FaultOptions): Promise<Count> {
  if (minutes === undefined) {
    // Two sites side by side: most of the time is spent waiting for leases and grace times.
    return runNodeTests(testFiles(["test/faults", "test/model"]), 2);
  }
  const { status } = spawnSync(
    process.execPath,
    [...longRun, "--minutes", minutes, "--seed", seed, "--only", only],
    { stdio: "inherit" },
  );
  return status === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}
