/**
 * Stopping a process in order: the one SIGTERM sequence, for the front and the worker.
 *
 * First signal: the steps run, in the order they were given. Second signal, or the time is up: exit at
 * once. The exit status is honest: 0 only after every step went through.
 */
import { describeError, type Log } from "./log.ts";

export interface ShutdownStep {
  readonly name: string;
  readonly run: () => Promise<void> | void;
}

/**
 * Installs the signal handlers. `withinMs` is the longest that the steps may take together.
 *
 * @returns the same, for whoever is told to stop in another way than by a signal; harmless when repeated.
 */
export function onShutdown(
  log: Log,
  steps: readonly ShutdownStep[],
  withinMs: number,
): (because: string) => void {
  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ event: "shutdown", signal });
    setTimeout(() => {
      log.error({ event: "shutdown_timed_out", withinMs });
      process.exit(1);
    }, withinMs).unref();
    runSteps(log, steps).then(
      failed => process.exit(failed ? 1 : 0),
      () => process.exit(1),
    );
  };
  const onSignal = (signal: NodeJS.Signals) => {
    if (stopping) {
      log.warn({ event: "shutdown_forced", signal });
      process.exit(1);
    }
    stop(signal);
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  return stop;
}

async function runSteps(log: Log, steps: readonly ShutdownStep[]): Promise<boolean> {
  let failed = false;
  for (const step of steps) {
    try {
      await step.run();
    } catch (error) {
      failed = true;
      log.error({ event: "shutdown_step_failed", step: step.name, ...describeError(error) });
    }
  }
  return failed;
}

/**
 * A bug, or a promise that nobody looks at: the process is in a state that nobody planned. Say so, and
 * leave it to the supervisor to start a fresh one.
 */
export function crashOnBugs(log: Log): void {
  const crash = (event: string) => (error: unknown) => {
    log.fatal({ event, ...describeError(error), stack: error instanceof Error ? error.stack : "" });
    process.exit(70);
  };
  process.on("uncaughtException", crash("uncaught_exception"));
  process.on("unhandledRejection", crash("unhandled_rejection"));
}
