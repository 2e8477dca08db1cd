/**
 * Several serving processes on one port: `node:cluster`, one home each. One that crashes is replaced, and
 * its siblings go on; SIGHUP replaces all of them, one after the other, each only when its successor
 * listens.
 */
import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import { SECOND, sleep } from "#lib/base/clock.ts";
import type { Log } from "#lib/base/log.ts";
import { backoffMs } from "#lib/base/retry.ts";
import type { Config } from "#lib/config/config.ts";
import { type NextAddress, stopMessage } from "./process-messages.ts";

const backoff = { firstMs: 0.1 * SECOND, maxMs: 5 * SECOND };
/** One that served this long has earned a quick restart. */
const steadyMs = 30 * SECOND;

export class Fleet {
  readonly #config: Config;
  readonly #log: Log;
  /** By index; an index keeps its home through every restart. */
  readonly #serving = new Map<number, Worker>();
  readonly #failures = new Map<number, number>();
  #pagesAt: string | null = null;
  #stopping = false;
  #rolling: Promise<void> | undefined;

  constructor(config: Config, log: Log) {
    this.#config = config;
    this.#log = log;
  }

  /** Process ids of those that serve. */
  get pids(): number[] {
    return [...this.#serving.values()].flatMap(worker => worker.process.pid ?? []);
  }

  /** Tells everybody where the pages process answers. */
  movePages(path: string | null): void {
    this.#pagesAt = path;
    const message: NextAddress = { pagesAt: path };
    for (const worker of this.#serving.values()) if (worker.isConnected()) worker.send(message);
  }

  /**
   * Starts all of them and resolves when they listen.
   *
   * @throws Error when one of them ends instead.
   */
  async start(): Promise<void> {
    const indexes = Array.from({ length: this.#config.frontProcesses }, (_, index) => index);
    await Promise.all(
      indexes.map(async index => {
        if (await this.#launch(index)) return;
        throw new Error("a serving process did not start");
      }),
    );
  }

  /** Puts a new process in the place of each, one after the other. */
  roll(): Promise<void> {
    this.#rolling ??= this.#roll().finally(() => {
      this.#rolling = undefined;
    });
    return this.#rolling;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all([...this.#serving.values()].map(stopWorker));
  }

  async #roll(): Promise<void> {
    for (const [index, old] of [...this.#serving]) {
      if (this.#stopping) return;
      const launched = await this.#launch(index);
      if (!launched) {
        this.#log.error({ event: "rolling_restart_given_up", index });
        return;
      }
      await stopWorker(old);
    }
    this.#log.info({ event: "rolling_restart_done", pids: this.pids });
  }

  /** Starts one; true when it listens. From then on it is watched. */
  async #launch(index: number): Promise<boolean> {
    const home = this.#config.queueFirstHome + index;
    cluster.setupPrimary({ args: this.#pagesAt === null ? [] : [this.#pagesAt] });
    const worker = cluster.fork({
      FLOODGATE_QUEUE_FIRST_HOME: String(home % this.#config.queueHomes),
    });
    const startedMs = Date.now();
    const listening = await Promise.race([
      once(worker, "listening").then(() => true),
      once(worker, "exit").then(() => false),
    ]);
    if (!listening) return false;
    this.#serving.set(index, worker);
    this.movePages(this.#pagesAt);
    worker.once("exit", (code, signal) => {
      if (this.#serving.get(index) !== worker || this.#stopping) return;
      this.#serving.delete(index);
      this.#log.error({ event: "front_process_ended", index, status: signal ?? code });
      if (Date.now() - startedMs > steadyMs) this.#failures.delete(index);
      void this.#replace(index);
    });
    return true;
  }

  async #replace(index: number): Promise<void> {
    while (!this.#stopping) {
      const failures = this.#failures.get(index) ?? 0;
      this.#failures.set(index, failures + 1);
      await sleep(failures === 0 ? 0 : backoffMs(backoff, failures));
      if (this.#stopping || (await this.#launch(index))) return;
    }
  }
}

async function stopWorker(worker: Worker): Promise<void> {
  if (worker.isDead()) return;
  const ended = once(worker, "exit");
  if (worker.isConnected()) worker.send(stopMessage);
  await ended;
}
