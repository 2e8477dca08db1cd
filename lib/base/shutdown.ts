/**
 * Stops a process in order: the SIGTERM sequence of the front and the worker.
 *
 * At the first signal the steps run, in their order. At the second signal, or when the time is over, the process exits
 * at once. The exit status is 1 when a step failed, and otherwise that of `stopWith`, or 0.
 */
import { describeError, type Log } from "./log.ts";

export interface ShutdownStep {
  readonly name: string;
  readonly run: () => Promise<void> | void;
}

/**
 * Installs the signal handlers.
 *
 * @param withinMs - longest time for all steps together.
 * @returns a function that stops the process without a signal; idempotent.
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
      failed => process.exit(failed ? 1 : process.exitCode),
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

/** Stops this process in order, with a status that says why. */
export function stopWith(status: number): void {
  process.exitCode = status;
  process.kill(process.pid, "SIGTERM");
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
 * After an uncaught exception or an unhandled rejection the state of the process is unknown: logs it and exits, so that
 * the supervisor starts a new process.
 */
export function crashOnBugs(log: Log): void {
  const crash = (event: string) => (error: unknown) => {
    log.fatal({ event, ...describeError(error), stack: error instanceof Error ? error.stack : "" });
    process.exit(70);
  };
  process.on("uncaughtException", crash("uncaught_exception"));
  process.on("unhandledRejection", crash("unhandled_rejection"));
}
