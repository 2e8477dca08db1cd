/** End-to-end tests in a real Chromium. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import type { Count } from "./count.ts";

const report = ".cache/e2e.json";

export async function runPlaywright(): Promise<Count> {
  mkdirSync(".cache", { recursive: true });
  rmSync(report, { force: true });
  spawnSync("node_modules/.bin/playwright", ["test", "--reporter=list,json"], {
    stdio: "inherit",
    env: { ...process.env, PLAYWRIGHT_JSON_OUTPUT_NAME: report },
  });
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const { stats } = JSON.parse(readFileSync(report, "utf8")) as {
    stats: { expected: number; unexpected: number; flaky: number };
  };
  return { passed: stats.expected, failed: stats.unexpected + stats.flaky };
}
