/**
 * Keeps one Next process running: restarts it when it ends, replaces it when it can't be reached or does not answer, and
 * can replace it without a gap.
 *
 * Its socket lies in a directory that only this process's user may enter: a process that can write to such a
 * socket can claim any client address. Each process has a directory of its own, because a cleaner of temporary files
 * may have removed the one before.
 */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MINUTE, monotonicMs, SECOND, sleep } from "#lib/base/clock.ts";
import { describeError, type Log } from "#lib/base/log.ts";
import { type RunningProcess, Supervised } from "#lib/base/supervised.ts";
import { endedWithOutput } from "./child-output.ts";
import { probe } from "./probe.ts";
import { nextReady, stopMessage } from "./process-messages.ts";

const backoff = { firstMs: 0.2 * SECOND, maxMs: 5 * SECOND };
const startMsMax = MINUTE;
const stopMsMax = 5 * SECOND;
const probeEveryMs = SECOND;
/** Longer than rendering a page or a picture takes on a busy machine. */
const probeMsMax = 2.5 * SECOND;
/** A process that is silent for so long is replaced. */
const silentMsMax = 10 * SECOND;

interface AnsweringProcess extends RunningProcess {
  readonly socketPath: string;
  readonly kill: () => void;
}

export class NextSupervisor {
  readonly #program: string;
  readonly #log: Log;
  readonly #onMove: (socketPath: string | null) => void;
  readonly #supervised: Supervised<AnsweringProcess>;
  readonly #stopped = new AbortController();
  /** A process that does not answer yet. */
  #starting: Pick<AnsweringProcess, "ended" | "kill"> | undefined;
  /** Why nobody is sent to the process; `undefined` while it answers. */
  #awayBecause: string | undefined = "it is starting";

  /**
   * @param program - the file to run.
   * @param onMove - called with the socket of the process, and with null while it does not answer.
   */
  constructor(program: string, log: Log, onMove: (socketPath: string | null) => void) {
    this.#program = program;
    this.#log = log;
    this.#onMove = onMove;
    this.#supervised = new Supervised({
      start: () => this.#fork(),
      backoff,
      onStart: ({ socketPath }) => this.#answers(socketPath),
      onEnd: status => {
        log.error({ event: "next_ended", status });
        this.#away("it has ended");
      },
      onRestartFailed: error => this.#startFailed(error),
    });
  }

  /** Starts a process and keeps one running. Returns at once: requests for pages wait, other requests do not. */
  keepRunning(): void {
    void this.#supervised.startUntilReady();
    void this.#watch();
  }

  /** Starts another process and stops the one before it. When that fails, the one before goes on. */
  async replace(): Promise<void> {
    try {
      await this.#supervised.start();
    } catch (error) {
      this.#startFailed(error);
    }
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#starting?.kill();
    await Promise.all([this.#starting?.ended, this.#supervised.stop()]);
  }

  #startFailed(error: unknown): void {
    if (this.#stopped.signal.aborted) return;
    this.#log.error({ event: "next_start_failed", ...describeError(error) });
  }

  #answers(socketPath: string): void {
    this.#onMove(socketPath);
    if (this.#awayBecause === undefined) return;
    this.#awayBecause = undefined;
    this.#log.info({ event: "pages_ok" });
  }

  #away(because: string): void {
    this.#onMove(null);
    if (this.#awayBecause === undefined) this.#log.warn({ event: "pages_away", because });
    this.#awayBecause = because;
  }

  /** Asks the process again and again whether it answers, until this supervisor is stopped. */
  async #watch(): Promise<void> {
    const { signal } = this.#stopped;
    let answeredMs = monotonicMs();
    let watched: AnsweringProcess | undefined;
    while (!signal.aborted) {
      await sleep(probeEveryMs, signal);
      const { current } = this.#supervised;
      if (current !== watched) answeredMs = monotonicMs();
      watched = current;
      if (!current) continue;
      const found = await probe(current.socketPath, probeMsMax);
      if (signal.aborted || current !== this.#supervised.current) continue;
      if (found === "answers") {
        answeredMs = monotonicMs();
        this.#answers(current.socketPath);
      } else if (found === "unreachable") {
        this.#away("its socket is gone");
        await this.replace();
      } else if (found === "silent") {
        this.#away("it does not answer");
        if (monotonicMs() - answeredMs > silentMsMax) current.kill();
      }
    }
  }

  /** @throws Error when the process ends before it answers, or takes too long. */
  async #fork(): Promise<AnsweringProcess> {
    const directory = mkdtempSync(join(tmpdir(), "floodgate-next-"));
    const socketPath = join(directory, "socket");
    const child = fork(this.#program, [socketPath], { silent: true });
    const kill = () => child.kill("SIGKILL");
    const ended = endedWithOutput(child).finally(() =>
      rmSync(directory, { recursive: true, force: true }),
    );
    this.#starting = { ended, kill };
    const ready = new Promise<true>(resolve =>
      child.on("message", message => {
        if (message === nextReady) resolve(true);
      }),
    );
    const late = setTimeout(kill, startMsMax);
    const status = await Promise.race([ready, ended]);
    clearTimeout(late);
    this.#starting = undefined;
    if (status !== true) throw new Error(`the Next process ended (${status})`);
    return { socketPath, ended, kill, stop: () => stopChild(child, ended) };
  }
}

async function stopChild(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (child.connected) child.send(stopMessage, () => {});
  const timer = setTimeout(() => child.kill("SIGKILL"), stopMsMax);
  await ended;
  clearTimeout(timer);
}
