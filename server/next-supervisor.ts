/**
 * Keeps one Next process running: restarts it when it ends, and can replace it without a gap.
 *
 * Its sockets lie in a directory that only this process's user may enter: a process that can write to such a
 * socket can claim any client address.
 */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SECOND } from "#lib/base/clock.ts";
import type { Log } from "#lib/base/log.ts";
import { type RunningProcess, Supervised } from "#lib/base/supervised.ts";
import { endedWithOutput } from "./child-output.ts";
import { nextReady, stopMessage } from "./process-messages.ts";

const backoff = { firstMs: 0.2 * SECOND, maxMs: 5 * SECOND };
const stopMsMax = 5 * SECOND;

interface AnsweringProcess extends RunningProcess {
  readonly socketPath: string;
}

export class NextSupervisor {
  readonly #program: string;
  readonly #directory = mkdtempSync(join(tmpdir(), "floodgate-next-"));
  readonly #supervised: Supervised<AnsweringProcess>;
  #serial = 0;

  /**
   * @param program - the file to run.
   * @param onMove - called with the socket of the process, and with null when there is none.
   */
  constructor(program: string, log: Log, onMove: (socketPath: string | null) => void) {
    this.#program = program;
    this.#supervised = new Supervised({
      start: () => this.#fork(),
      backoff,
      onStart: ({ socketPath }) => onMove(socketPath),
      onEnd: status => {
        onMove(null);
        log.error({ event: "next_ended", status });
      },
    });
  }

  /**
   * Starts a process, resolves when it answers, and stops the one before it, if there is one.
   *
   * @throws Error when it ends before it answers.
   */
  start(): Promise<void> {
    return this.#supervised.start();
  }

  async stop(): Promise<void> {
    await this.#supervised.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #fork(): Promise<AnsweringProcess> {
    const socketPath = join(this.#directory, `${++this.#serial}.sock`);
    const child = fork(this.#program, [socketPath], { silent: true });
    const ended = endedWithOutput(child);
    const ready = new Promise<true>(resolve =>
      child.once("message", message => {
        if (message === nextReady) resolve(true);
      }),
    );
    const status = await Promise.race([ready, ended]);
    if (status !== true) throw new Error(`the Next process ended (${status})`);
    return { socketPath, ended, stop: () => stopChild(child, ended) };
  }
}

async function stopChild(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  if (child.connected) child.send(stopMessage);
  const timer = setTimeout(() => child.kill("SIGKILL"), stopMsMax);
  await ended;
  clearTimeout(timer);
}
