/** End-to-end tests in a real Chromium. */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { capture, type Outcome } from "./job.ts";

const report = ".cache/e2e.json";

export async function runPlaywright(): Promise<Outcome> {
  mkdirSync(".cache", { recursive: true });
  rmSync(report, { force: true });
  const { output } = await capture(
    "node_modules/.bin/playwright",
    ["test", "--reporter=list,json"],
    { env: { PLAYWRIGHT_JSON_OUTPUT_NAME: report }, priority: "behind" },
  );
  if (!existsSync(report)) return { passed: 0, failed: 1, output };
  const { stats } = JSON.parse(readFileSync(report, "utf8")) as {
    stats: { expected: number; unexpected: number; flaky: number };
  };
  return { passed: stats.expected, failed: stats.unexpected + stats.flaky, output };
}
