/** What the test run prints: a block for each job when it ends, and at the end how long everything took. */
import type { Count } from "./job.ts";
import type { Finished } from "./schedule.ts";

const slowestShown = 12;
const linesOfFailure = 60;

export function printJob({ job, output, passed, failed, ...times }: Finished): void {
  const verdict = failed > 0 ? "✖" : "✔";
  const count = `${passed} passed, ${failed} failed (${secondsOf(times)} s)`;
  console.log(`\n${verdict} ${job.stage}: ${job.name}: ${count}`);
  if (output.trim().length > 0) console.log(output.trimEnd());
}

/** The slowest jobs, then each stage with what its jobs took together and from the first to the last. */
export function printTimes(finished: readonly Finished[], stages: readonly string[]): void {
  console.log("\nslowest:");
  const slowest = [...finished].sort((a, b) => durationOf(b) - durationOf(a));
  for (const job of slowest.slice(0, slowestShown)) {
    console.log(`  ${String(secondsOf(job)).padStart(5)} s  ${job.job.stage}: ${job.job.name}`);
  }
  console.log("");
  for (const stage of stages) {
    const own = finished.filter(({ job }) => job.stage === stage);
    const { passed, failed } = sum(own);
    const work = own.reduce((total, job) => total + durationOf(job), 0);
    const from = Math.min(...own.map(({ startedMs }) => startedMs));
    const to = Math.max(...own.map(({ endedMs }) => endedMs));
    const took = own.length === 0 ? 0 : to - from;
    console.log(
      `== ${stage}: ${passed} passed, ${failed} failed (${inSeconds(took)} s; its files one by one ${inSeconds(work)} s)`,
    );
  }
}

/**
 * Lists the failed jobs again at the end of the log, each with the end of its output, where the runners repeat what
 * failed: of a long log often only the end is kept.
 */
export function printFailures(finished: readonly Finished[]): void {
  for (const { job, failed, output } of finished) {
    if (failed === 0) continue;
    console.log(`\n✖ ${job.stage}: ${job.name}: ${failed} failed`);
    console.log(output.trimEnd().split("\n").slice(-linesOfFailure).join("\n"));
  }
}

export function sum(counts: readonly Count[]): Count {
  return {
    passed: counts.reduce((total, count) => total + count.passed, 0),
    failed: counts.reduce((total, count) => total + count.failed, 0),
  };
}

type Times = Pick<Finished, "startedMs" | "endedMs">;
const durationOf = ({ startedMs, endedMs }: Times) => endedMs - startedMs;
const inSeconds = (ms: number) => Math.round(ms / 1_000);
const secondsOf = (times: Times) => Math.round(durationOf(times) / 100) / 10;
