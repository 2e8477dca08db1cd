/**
 * A whole site for tests: memcached servers, MariaDB, fronts and workers as child processes, from the
 * production build, on free ports. Any of them can be killed, stopped, continued and started again.
 */
import assert from "node:assert/strict";
import { execFile, type StdioOptions } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { Child } from "#scripts/services/child.ts";
import type { DatabaseServer } from "#scripts/services/mariadb.ts";
import { type MemcachedServer, startMemcached } from "#scripts/services/memcached.ts";
import { freePort, portAnswers, waitUntil } from "#scripts/services/ports.ts";
import { startTestDatabase, testDirectory } from "./database.ts";
import { FaultProxy } from "./fault-proxy.ts";
import { pagesAnswer, readiness } from "./readiness.ts";
import type { SiteOptions } from "./site-options.ts";
import { undisturbed } from "./stalls.ts";

const execute = promisify(execFile);

export interface Process {
  child: Child;
  readonly port: number;
  readonly url: string;
}

/** What `npm run seed` made. */
export interface Seeded {
  readonly editor: { readonly email: string; readonly password: string; readonly apiToken: string };
  readonly polls: readonly string[];
}

/** Next would read 100 MB of source maps at each start: as much work as its start itself. */
const mapped = (program: string) => (program === "front" ? [] : ["--enable-source-maps"]);

const testSecret = "a secret that is only good for tests, 32 bytes and more";

export class Site {
  readonly directory: string;
  readonly fronts: Process[] = [];
  readonly workers: Process[] = [];
  readonly memcached: MemcachedServer[] = [];
  database!: DatabaseServer;
  /** With `proxied`: a fault proxy for each memcached and for MariaDB. */
  readonly proxies: { memcached: FaultProxy[]; database: FaultProxy | undefined } = {
    memcached: [],
    database: undefined,
  };
  /** The build that programs are started from. */
  programs: string;
  seeded!: Seeded;
  readonly #options: SiteOptions;
  env: Record<string, string> = {};

  private constructor(options: SiteOptions) {
    this.#options = options;
    this.programs = options.programs ?? "dist";
    this.directory = options.onDisk
      ? mkdtempSync(join(tmpdir(), "floodgate-site-"))
      : testDirectory("site");
  }

  static async start(options: SiteOptions = {}): Promise<Site> {
    const site = new Site(options);
    try {
      await site.#start();
      return site;
    } catch (error) {
      await site.stop();
      throw error;
    }
  }

  /** The first front's address. */
  get url(): string {
    return this.fronts[0]?.url ?? "";
  }

  async #start(): Promise<void> {
    const { memcached = [{}], fronts = 1, workers = 1, schema = "migrated" } = this.#options;
    for (const options of memcached) this.memcached.push(await startMemcached(options));
    this.database = await this.#startDatabase();
    const reached = this.#options.proxied ? await this.#startProxies() : this;
    this.env = {
      DATABASE_URL: reached.database.url,
      MEMCACHED_SERVERS: reached.memcached.map(server => server.address).join(","),
      FLOODGATE_SECRET: testSecret,
      FLOODGATE_STATE_DIR: join(this.directory, "state"),
      // One process is one thing to kill or stop; several have a test of their own.
      FLOODGATE_FRONT_PROCESSES: "1",
      ...this.#options.env,
    };
    if (schema === "empty") await this.run("migrate");
    this.seeded = JSON.parse(await this.run("seed")) as Seeded;
    for (let i = 0; i < workers; i++) await this.addWorker();
    for (let i = 0; i < fronts; i++) await this.addFront();
  }

  async #startProxies() {
    const target = (port: number) => ({ host: "127.0.0.1", port });
    const memcached = await Promise.all(
      this.memcached.map(({ port }) => FaultProxy.start(target(port))),
    );
    const database = await FaultProxy.start(target(this.database.port));
    Object.assign(this.proxies, { memcached, database });
    const url = this.database.url.replace(`:${this.database.port}/`, `:${database.port}/`);
    return {
      memcached: memcached.map(({ port }) => ({ address: `127.0.0.1:${port}` })),
      database: { url },
    };
  }

  /**
   * Runs a command of `floodgate` to its end; gives what it printed. Commands that fail may be repeated.
   *
   * @throws Error with its output when its status is not 0.
   */
  async run(
    command: string,
    args: readonly string[] = [],
    env: Record<string, string> = {},
  ): Promise<string> {
    const { stdout } = await undisturbed(() =>
      execute(process.execPath, [this.#file("cli"), command, ...args], {
        env: { ...process.env, ...this.env, ...env },
      }),
    );
    return stdout;
  }

  /** @param ready - resolves when its pages answer. */
  async addFront(env: Record<string, string> = {}, ready = pagesAnswer): Promise<Process> {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const own = this.#ownOfFront(port, this.fronts.length);
    const front: Process = {
      child: await this.#spawn("front", { ...own, ...env }, port),
      port,
      url,
    };
    await ready(front);
    this.fronts.push(front);
    return front;
  }

  async addWorker(env: Record<string, string> = {}): Promise<Process> {
    const port = await freePort();
    const worker: Process = {
      child: await this.#spawn("worker", { FLOODGATE_WORKER_PORT: String(port), ...env }, port),
      port,
      url: `http://127.0.0.1:${port}`,
    };
    this.workers.push(worker);
    return worker;
  }

  /** The settings that differ between fronts, and the workers that it sends kickstarts to. */
  #ownOfFront(port: number, home: number): Record<string, string> {
    const workers = this.workers.map(worker => `127.0.0.1:${worker.port}`);
    return {
      PORT: String(port),
      FLOODGATE_QUEUE_FIRST_HOME: String(home),
      ...(workers.length > 0 && { FLOODGATE_KICKSTART_TO: workers.join(",") }),
    };
  }

  /** Starts a killed front again, on its port. */
  async restartFront(
    front: Process,
    env: Record<string, string> = {},
    stdio?: StdioOptions,
  ): Promise<void> {
    const own = this.#ownOfFront(front.port, this.fronts.indexOf(front));
    front.child = await this.#spawn("front", { ...own, ...env }, front.port, stdio);
    await pagesAnswer(front);
  }

  async restartWorker(
    worker: Process,
    env: Record<string, string> = {},
    stdio?: StdioOptions,
  ): Promise<void> {
    const own = { FLOODGATE_WORKER_PORT: String(worker.port) };
    worker.child = await this.#spawn("worker", { ...own, ...env }, worker.port, stdio);
  }

  /** Starts a killed memcached again, empty, on its port. */
  async restartMemcached(index = 0): Promise<void> {
    const old = this.memcached[index];
    if (!old) throw new RangeError(`no memcached ${index}`);
    const options = this.#options.memcached?.[index] ?? {};
    this.memcached[index] = await startMemcached({ ...options, port: old.port });
  }

  async restartDatabase(): Promise<void> {
    this.database = await this.#startDatabase(this.database.port);
  }

  #startDatabase(port?: number): Promise<DatabaseServer> {
    const { database, databaseOptions = [], schema = "migrated" } = this.#options;
    const options = {
      directory: join(this.directory, "mariadb"),
      ...(database ?? { redoLogMb: 48, bufferPoolMb: 128 }),
      ...(port !== undefined && { port }),
      options: databaseOptions,
    };
    return startTestDatabase(options, schema);
  }

  /** Rows of a query by the private server's administrator, over a connection of its own. */
  async query<R extends RowDataPacket>(sql: string, values: readonly unknown[] = []): Promise<R[]> {
    const connection = await createConnection({ uri: this.database.adminUrl, timezone: "Z" });
    try {
      const [rows] = await connection.query<R[]>(sql, values as never);
      return rows;
    } finally {
      await connection.end();
    }
  }

  /** The front's degradation step, from its `/readyz`. */
  async step(): Promise<string> {
    return (await readiness(this)).step;
  }

  /** Waits until no slot waits in any queue: two passes in a row that found nothing. */
  async drained(withinMs = 60_000): Promise<void> {
    let quiet = 0;
    await waitUntil(
      "empty queues",
      async () => {
        // It fails while a server does not answer in time, which is no news of the queues.
        const line = await this.run("flush").catch(() => "");
        quiet = / 0 slots waiting/.test(line) && /flush: 0 ballots/.test(line) ? quiet + 1 : 0;
        return quiet >= 2;
      },
      { withinMs },
    );
  }

  /** No process of ours has ended, or met a bug, or takes MySQL for an earlier state of itself. */
  assertUnharmed(mysqlWentBack = false): void {
    for (const { child } of [...this.fronts, ...this.workers]) {
      assert.equal(child.ended, undefined, child.output);
      assert.ok(!/uncaught|unhandled/.test(child.output), child.output);
      assert.ok(mysqlWentBack || !/mysql_went_back/.test(child.output), child.output);
    }
  }

  /** Kills everything: nothing of it is wanted any more. */
  async stop(): Promise<void> {
    const servers = [...this.memcached, ...(this.database ? [this.database] : [])];
    const processes = [...this.fronts, ...this.workers, ...servers];
    await Promise.all(processes.map(({ child }) => child.killGroup()));
    await Promise.all([...this.proxies.memcached, this.proxies.database].map(p => p?.stop()));
    rmSync(this.directory, { recursive: true, force: true });
  }

  #file(program: string): string {
    return join(this.programs, `${program}.mjs`);
  }

  async #spawn(
    name: string,
    env: Record<string, string>,
    port: number,
    stdio?: StdioOptions,
  ): Promise<Child> {
    const child = new Child(name, process.execPath, [...mapped(name), this.#file(name)], {
      env: { ...process.env, ...this.env, ...env, NODE_ENV: "production" },
      ...(stdio && { stdio }),
    });
    await waitUntil(name, () => portAnswers(port), {
      withinMs: 30_000,
      gaveUp: () => child.diedBecause,
    });
    return child;
  }
}
