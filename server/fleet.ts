/**
 * Several serving processes on one port: `node:cluster`, one home each. A process that ends is restarted
 * while the others go on; SIGHUP replaces all of them, one after the other, each when its successor listens.
 */
import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import { MINUTE, SECOND } from "#lib/base/clock.ts";
import type { Log } from "#lib/base/log.ts";
import { type RunningProcess, Supervised } from "#lib/base/supervised.ts";
import type { Config } from "#lib/config/config.ts";
import { ProgramFailure } from "#lib/program/command-line.ts";
import { endedWithOutput } from "./child-output.ts";
import { type NextAddress, stopMessage } from "./process-messages.ts";

/** A process that has not listened by then never will. */
const listenMsMax = MINUTE;
const backoff = { firstMs: 0.1 * SECOND, maxMs: 5 * SECOND };

interface ServingProcess extends RunningProcess {
  readonly worker: Worker;
}

export class Fleet {
  readonly #config: Config;
  readonly #log: Log;
  /** By index; an index keeps its home through every restart. */
  readonly #serving: readonly Supervised<ServingProcess>[];
  #nextSocket: string | null = null;
  #stopping = false;
  #rolling: Promise<void> | undefined;

  constructor(config: Config, log: Log) {
    this.#config = config;
    this.#log = log;
    this.#serving = Array.from({ length: config.frontProcesses }, (_, index) =>
      this.#supervise(index),
    );
  }

  /** Process ids of the serving processes. */
  get pids(): number[] {
    return this.#workers.flatMap(worker => worker.process.pid ?? []);
  }

  get #workers(): Worker[] {
    return this.#serving.flatMap(({ current }) => current?.worker ?? []);
  }

  /** Sends all serving processes the address of the Next process. */
  announceNextSocket(path: string | null): void {
    this.#nextSocket = path;
    const message: NextAddress = { nextAt: path };
    for (const worker of this.#workers) sendTo(worker, message);
  }

  /**
   * Starts all of them and resolves when they listen.
   *
   * @throws Error when one of them ends instead.
   */
  async start(): Promise<void> {
    await Promise.all(this.#serving.map(serving => serving.start()));
  }

  /** Replaces each process, one after the other. */
  roll(): Promise<void> {
    this.#rolling ??= this.#roll().finally(() => {
      this.#rolling = undefined;
    });
    return this.#rolling;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#serving.map(serving => serving.stop()));
  }

  async #roll(): Promise<void> {
    for (const [index, serving] of this.#serving.entries()) {
      if (this.#stopping) return;
      if (!serving.current) continue;
      try {
        await serving.start();
      } catch {
        this.#log.error({ event: "rolling_restart_given_up", index });
        return;
      }
    }
    this.#log.info({ event: "rolling_restart_done", pids: this.pids });
  }

  #supervise(index: number): Supervised<ServingProcess> {
    return new Supervised({
      start: () => this.#fork(index),
      backoff,
      onStart: () => this.announceNextSocket(this.#nextSocket),
      onEnd: status => this.#log.error({ event: "front_process_ended", index, status }),
    });
  }

  /** @throws Error when the process ends before it listens. */
  async #fork(index: number): Promise<ServingProcess> {
    const home = this.#config.queueFirstHome + index;
    const args = this.#nextSocket === null ? [] : [this.#nextSocket];
    cluster.setupPrimary({ args, silent: true });
    const worker = cluster.fork({
      FLOODGATE_QUEUE_FIRST_HOME: String(home % this.#config.queueHomes),
    });
    // A process that can't be started has ended; without a listener the error would end this one.
    worker.on("error", () => {});
    const ended = endedWithOutput(worker.process);
    const late = setTimeout(() => worker.process.kill("SIGKILL"), listenMsMax);
    const listening = once(worker, "listening").then(() => true as const);
    const status = await Promise.race([listening, ended]);
    clearTimeout(late);
    if (status !== true)
      throw new ProgramFailure(
        `a serving process ended before it listened (${status}); its own log line, if any, names the reason`,
      );
    return { worker, ended, stop: () => stopWorker(worker, ended) };
  }
}

async function stopWorker(worker: Worker, ended: Promise<unknown>): Promise<void> {
  sendTo(worker, stopMessage);
  await ended;
}

/** A worker that ends meanwhile needs no message. */
function sendTo(worker: Worker, message: NextAddress | typeof stopMessage): void {
  if (worker.isConnected()) worker.process.send(message, () => {});
}
