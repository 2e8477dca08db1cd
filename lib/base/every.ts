/** Repeated work of a process. */
import { sleep } from "./clock.ts";

/**
 * Runs `work` after each pause of `ms` milliseconds, until `signal` is aborted. An abort ends the pause, and `work` runs
 * a last time. Runs never overlap.
 *
 * @throws what `work` throws; that ends the repetition.
 */
export async function every(
  ms: number,
  work: () => void | Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(ms, signal);
    await work();
  }
}
