/**
 * Keeps one pages process: starts it, starts another when it ended, and can put a new one in the place of
 * the old without a gap.
 *
 * Sockets lie in a directory of this process's own that nobody else may enter: whoever could write to one
 * could say of any request where it came from.
 */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SECOND, sleep } from "#lib/base/clock.ts";
import type { Log } from "#lib/base/log.ts";
import { backoffMs } from "#lib/base/retry.ts";
import { nextReady, stopMessage } from "./process-messages.ts";

const backoff = { firstMs: 0.2 * SECOND, maxMs: 5 * SECOND };
const stopMsMax = 5 * SECOND;

export class NextProcess {
  readonly #program: string;
  readonly #log: Log;
  readonly #onMove: (socketPath: string | null) => void;
  readonly #directory = mkdtempSync(join(tmpdir(), "floodgate-pages-"));
  #child: ChildProcess | undefined;
  #serial = 0;
  #failures = 0;
  #stopping = false;

  /**
   * @param program - the file to run.
   * @param onMove - told where the process answers, or that it does not.
   */
  constructor(program: string, log: Log, onMove: (socketPath: string | null) => void) {
    this.#program = program;
    this.#log = log;
    this.#onMove = onMove;
  }

  /**
   * Starts one, and resolves when it answers; the one before it, if there is one, is told to stop then.
   *
   * @throws Error when it ends before it answers.
   */
  async start(): Promise<void> {
    const before = this.#child;
    const path = join(this.#directory, `${++this.#serial}.sock`);
    const child = fork(this.#program, [path]);
    await new Promise<void>((resolve, reject) => {
      child.once("message", message => {
        if (message === nextReady) resolve();
      });
      child.once("exit", status => reject(new Error(`the pages process ended (${status})`)));
    });
    this.#child = child;
    child.removeAllListeners("exit");
    child.once("exit", (status, signal) => void this.#ended(child, signal ?? status));
    this.#onMove(path);
    if (before) await stopChild(before);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#child) await stopChild(this.#child);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #ended(child: ChildProcess, status: number | string | null): Promise<void> {
    if (this.#stopping || child !== this.#child) return;
    this.#child = undefined;
    this.#onMove(null);
    this.#log.error({ event: "pages_ended", status });
    while (!this.#stopping && !this.#child) {
      await sleep(backoffMs(backoff, this.#failures));
      try {
        await this.start();
        this.#failures = 0;
      } catch {
        this.#failures += 1;
      }
    }
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>(resolve => child.once("exit", () => resolve()));
  if (child.connected) child.send(stopMessage);
  const timer = setTimeout(() => child.kill("SIGKILL"), stopMsMax);
  await ended;
  clearTimeout(timer);
}
