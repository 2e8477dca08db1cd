/**
 * Keeps one process running: starts it, starts it again when it ends, and can replace it without a gap.
 *
 * The first restart is immediate; further ones back off, until a process has run for `steadyMs`.
 *
 * Invariant: at most one start is under way, so an end during a replacement does not start two processes.
 */
import { monotonicMs, SECOND, sleep } from "./clock.ts";
import { type Backoff, backoffMs, retry } from "./retry.ts";

/** A process that is ready. */
export interface RunningProcess {
  /** Resolves with its exit code or signal. */
  readonly ended: Promise<number | string | null>;
  /** Resolves when it has ended; does nothing when it has ended before. */
  readonly stop: () => Promise<void>;
}

export interface SupervisedOptions<P extends RunningProcess> {
  /** Starts a process and resolves when it is ready. Rejects when it ends before. */
  readonly start: () => Promise<P>;
  readonly backoff: Backoff;
  /** Called whenever a process is ready and has become the current one. */
  readonly onStart?: (process: P) => void;
  /** Called when the current process ends by itself. */
  readonly onEnd?: (status: number | string | null) => void;
  /** Called when a restart, or a start of `startUntilReady`, fails; another follows. */
  readonly onRestartFailed?: (error: unknown) => void;
}

/** A process that ran this long is restarted at once when it ends. */
const steadyMs = 30 * SECOND;

export class Supervised<P extends RunningProcess> {
  readonly #options: SupervisedOptions<P>;
  readonly #stopped = new AbortController();
  #current: P | undefined;
  #starting: Promise<void> | undefined;
  #restarts = 0;

  constructor(options: SupervisedOptions<P>) {
    this.#options = options;
  }

  /** The process that runs now; `undefined` before the first start and between an end and the restart. */
  get current(): P | undefined {
    return this.#current;
  }

  /**
   * Starts a process and waits until it is ready; then stops the one before it, if there is one.
   *
   * @throws what `options.start` rejects with; the process before, if there is one, goes on.
   */
  async start(): Promise<void> {
    const before = this.#current;
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    await this.#starting;
    await before?.stop();
  }

  /** Starts a process, again and again until one is ready or this is stopped. */
  startUntilReady(): Promise<void> {
    return this.#restart();
  }

  /** Stops the current process and starts no more. A process that is starting is stopped when it is ready. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#current?.stop();
  }

  async #start(): Promise<void> {
    const process = await this.#options.start();
    if (this.#stopped.signal.aborted) {
      await process.stop();
      return;
    }
    const startedMs = monotonicMs();
    this.#current = process;
    void process.ended.then(status => this.#ended(process, status, monotonicMs() - startedMs));
    this.#options.onStart?.(process);
  }

  async #ended(process: P, status: number | string | null, ranMs: number): Promise<void> {
    if (process !== this.#current || this.#stopped.signal.aborted) return;
    this.#current = undefined;
    if (ranMs > steadyMs) this.#restarts = 0;
    this.#options.onEnd?.(status);
    await this.#restart();
  }

  async #restart(): Promise<void> {
    const { backoff, onRestartFailed } = this.#options;
    const { signal } = this.#stopped;
    const before = this.#restarts++;
    if (before > 0) await sleep(backoffMs(backoff, before), signal);
    if (signal.aborted) return;
    try {
      await retry(() => this.start(), {
        ...backoff,
        signal,
        onFailure: error => onRestartFailed?.(error),
      });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
