/**
 * The fronts and workers of a simulated site: the product's own composition, from settings on, without its HTTP server,
 * pages and files. Each run of a program is a process of the simulation, which may be killed, stopped for a while, and
 * started again on the same machine.
 */
import type { CastDeps } from "#lib/ballots/cast.ts";
import { SECOND, sleep } from "#lib/base/clock.ts";
import { every } from "#lib/base/every.ts";
import { describeError } from "#lib/base/log.ts";
import { retry } from "#lib/base/retry.ts";
import { type Config, loadConfig } from "#lib/config/config.ts";
import { PublishedPolls } from "#lib/polls/published.ts";
import { connectServers } from "#lib/program/connections.ts";
import { isStoreFailure } from "#lib/store/failure.ts";
import { StoreBreaker } from "#lib/store/store-breaker.ts";
import { KnownSecrets } from "#lib/voters/voter-secrets.ts";
import { startVoting, type Voting, type VotingParts } from "#lib/web/voting.ts";
import type { KickstartListener } from "../../worker/kickstart-listener.ts";
import { Maintenance, onePass } from "../../worker/maintenance.ts";
import { Schedule } from "../../worker/schedule.ts";
import { buildWorker, type WorkerParts } from "../../worker/worker-parts.ts";
import { type Machine, SimulatedProcess } from "./scheduler.ts";
import type { World } from "./world.ts";

const secret = "a secret of the model, longer than thirty-two characters";
export const secrets = new KnownSecrets({ secret, previousSecrets: [] });

/** Longer than any front stands still. */
const frontGoneMs = 30 * SECOND;

/** What the settings of a program may differ in. */
export interface ProgramSettings {
  readonly copies: number;
  readonly homes: number;
  readonly firstHome: number;
  readonly keepMs: number;
}

const configs = new Map<string, Config>();

export function configOf(world: World, settings: ProgramSettings): Config {
  const env = {
    DATABASE_URL: "mysql://model@127.0.0.1:1/model",
    MEMCACHED_SERVERS: world.servers,
    FLOODGATE_SECRET: secret,
    FLOODGATE_QUEUE_COPIES: String(settings.copies),
    FLOODGATE_QUEUE_HOMES: String(settings.homes),
    FLOODGATE_QUEUE_FIRST_HOME: String(settings.firstHome),
    FLOODGATE_QUEUE_KEEP_MS: String(settings.keepMs),
    FLOODGATE_FRONT_GONE_MS: String(frontGoneMs),
  };
  const key = JSON.stringify(env);
  const config = configs.get(key) ?? loadConfig(env as unknown as NodeJS.ProcessEnv);
  configs.set(key, config);
  return config;
}

/** Settings that never differ between runs of a program, and the program that is running now. */
abstract class Program {
  readonly name: string;
  readonly machine: Machine;
  readonly world: World;
  readonly settings: ProgramSettings;
  process: SimulatedProcess;
  protected stop = new AbortController();

  constructor(world: World, name: string, settings: ProgramSettings, clockAheadMs: number) {
    this.world = world;
    this.name = name;
    this.settings = settings;
    this.machine = { name: name.replace(" ", "-"), clockAheadMs };
    this.process = new SimulatedProcess(name, this.machine);
    this.process.alive = false;
  }

  start(): void {
    if (this.process.alive) return;
    this.process = new SimulatedProcess(this.name, this.machine);
    this.stop = new AbortController();
    this.world.history.note(this.name, "starts");
    const run = () => {
      this.run(configOf(this.world, this.settings)).catch(error =>
        this.world.history.crashed(this.name, error),
      );
    };
    this.world.simulation.after(0, run, this.process);
  }

  kill(): void {
    if (!this.process.alive) return;
    this.world.history.note(this.name, "killed");
    this.process.alive = false;
    this.world.mysql.processDied(this.process);
    this.ended();
  }

  /** Stopped for a while, like a virtual machine that is moved. */
  pause(ms: number): void {
    this.world.history.note(this.name, `stands still for ${Math.round(ms)} ms`);
    this.process.pausedUntilMs = this.world.simulation.nowMs + ms;
  }

  protected abstract run(config: Config): Promise<void>;
  protected ended(): void {}
}

/** The results on a page are none of this model's business. */
const noResults = {
  see: () => {},
  noteMoves: () => {},
  fresh: () => null,
  snapshot: async () => null,
};

export class FrontProgram extends Program {
  /** While it serves. */
  cast: CastDeps | undefined;
  nowMs: () => number = () => 0;
  #voting: Voting | undefined;

  protected async run(config: Config): Promise<void> {
    const log = this.world.logOf(this.process);
    const connections = connectServers(config, log, { connectionsMax: 10, statementMs: 2_500 });
    const { store, clock, placement } = connections;
    const breaker = new StoreBreaker(store, log);
    const published = new PublishedPolls(placement, store, log, breaker);
    const parts = { ...connections, config, log, breaker, published, secrets };
    const voting = startVoting({
      ...parts,
      results: noResults,
      degradation: { watch: async () => {} },
    } as unknown as VotingParts);
    await Promise.race([clock.measure(), sleep(SECOND)]);
    void clock.watch(this.stop.signal);
    await voting.join();
    this.nowMs = () => clock.nowMs();
    this.#voting = voting;
    this.cast = voting.cast;
  }

  /** SIGTERM: finishes what it has, then ends. */
  shutDown(then: () => void): void {
    const voting = this.#voting;
    const { process } = this;
    this.cast = undefined;
    this.world.history.note(this.name, "shuts down");
    const stop = async () => {
      await voting?.stop();
      this.stop.abort();
      if (process === this.process) this.kill();
      then();
    };
    const run = () => {
      stop().catch(error => this.world.history.crashed(this.name, error));
    };
    this.world.simulation.after(0, run, process);
  }

  protected override ended(): void {
    this.cast = undefined;
    this.#voting = undefined;
  }
}

const failureBackoff = { firstMs: 200, maxMs: 5 * SECOND };

export class WorkerProgram extends Program {
  parts: WorkerParts | undefined;
  #wake: () => void = () => {};

  protected async run(config: Config): Promise<void> {
    const { signal } = this.stop;
    const log = this.world.logOf(this.process);
    const worker = buildWorker(config, log);
    const { clock, fleet, registration } = worker;
    const state = () => ({ heldSinceMs: undefined, clockAheadMs: 0 });
    await clock.measure();
    await fleet.join(registration, state());
    this.parts = worker;
    void clock.watch(signal);
    const register = async () => {
      try {
        await registration.report(state());
        await fleet.refresh();
      } catch (error) {
        if (!isStoreFailure(error)) throw error;
      }
    };
    void every(5 * SECOND, register, signal);
    await this.#passes(worker, config, signal);
  }

  /** As `worker/daemon.ts` does it. */
  async #passes(worker: WorkerParts, config: Config, signal: AbortSignal): Promise<void> {
    const maintenance = new Maintenance(worker);
    const schedule = new Schedule(this.#kickstart(), config.flushIntervalMs);
    const onFailure = (error: unknown) =>
      worker.log.warn({ event: "pass_failed", ...describeError(error) });
    while (!signal.aborted) {
      const pass = async () => {
        schedule.begin();
        const options = { signal, waitForMissing: false, withinMs: 500 };
        const { slots, missing, letters } = await onePass(worker, maintenance, options);
        return slots + missing + letters > 0;
      };
      await schedule.next(await retry(pass, { ...failureBackoff, signal, onFailure }), signal);
    }
  }

  /** Stands where the datagrams of fronts arrive. */
  #kickstart(): KickstartListener {
    const { world, process } = this;
    let kicked = false;
    let wake = () => {};
    this.#wake = () => {
      kicked = true;
      world.simulation.after(0, () => wake(), process);
    };
    world.kickstarts.add(this.#wake);
    const wait = async (ms: number) => {
      if (!kicked) await Promise.race([sleep(ms), new Promise<void>(resolve => (wake = resolve))]);
      return kicked;
    };
    const clear = () => {
      kicked = false;
    };
    return { clear, wait } as unknown as KickstartListener;
  }

  protected override ended(): void {
    this.parts = undefined;
    this.world.kickstarts.delete(this.#wake);
  }
}
