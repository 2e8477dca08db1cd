/**
 * Runs jobs side by side, as many as the cores can bear: most tests wait for servers, leases and grace times, and use
 * little of a core. Jobs start in the order of the list, but a large one that does not fit yet lets smaller ones pass.
 */
import { monotonicMs } from "#lib/base/clock.ts";
import type { Job, Outcome } from "./job.ts";

export interface Finished extends Outcome {
  readonly job: Job;
  readonly startedMs: number;
  readonly endedMs: number;
}

/**
 * @param build - resolves with false when there is no build to test; jobs that need one are left out then.
 * @param onFinished - called with each job that has finished.
 */
export async function runJobs(
  jobs: readonly Job[],
  cores: number,
  build: Promise<boolean>,
  onFinished: (finished: Finished) => void,
): Promise<Finished[]> {
  const waiting = [...jobs];
  const running = new Map<Job, Promise<void>>();
  const done: Finished[] = [];
  let isBuilt = false;
  let isBuilding = waiting.some(job => job.needsBuild);
  const built = build.then(ready => {
    isBuilt = ready;
    isBuilding = false;
  });

  const start = (job: Job) => {
    waiting.splice(waiting.indexOf(job), 1);
    const startedMs = monotonicMs();
    const work = job
      .run()
      .catch(failure)
      .then(outcome => {
        const finished = { ...outcome, job, startedMs, endedMs: monotonicMs() };
        done.push(finished);
        running.delete(job);
        onFinished(finished);
      });
    running.set(job, work);
  };
  const next = () => {
    const free = cores - [...running.keys()].reduce((sum, job) => sum + job.cores, 0);
    const fits = (job: Job) => running.size === 0 || job.cores <= free + 1e-9;
    return waiting.find(job => (isBuilt || !job.needsBuild) && fits(job));
  };

  for (;;) {
    for (let job = next(); job; job = next()) start(job);
    if (running.size === 0 && !isBuilding) return done;
    await Promise.race([...running.values(), ...(isBuilding ? [built] : [])]);
  }
}

const failure = (error: unknown): Outcome => ({
  passed: 0,
  failed: 1,
  output: `${error instanceof Error ? error.stack : error}\n`,
});
