/**
 * `npm run up`, second part: private servers, build, schema, first editor and sample polls, front and worker, and a
 * table of addresses. Ctrl-C stops them in an order in which nothing is lost.
 */
import { spawnSync } from "node:child_process";
import { wallMs } from "#lib/base/clock.ts";
import { redirectConsole } from "#lib/base/output.ts";
import { dataDirectory, loadConfigOver } from "#lib/config/config.ts";
import { settingDocs } from "#lib/config/settings.ts";
import { createProgram, ProgramFailure, runProgram } from "#lib/program/command-line.ts";
import type { Readiness } from "#lib/web/readiness.ts";
import { Child } from "#scripts/services/child.ts";
import { startDatabase } from "#scripts/services/mariadb.ts";
import { startMemcached } from "#scripts/services/memcached.ts";
import { freePortNear, portAnswers, waitUntil } from "#scripts/services/ports.ts";
import { ensurePrograms } from "#scripts/services/programs.ts";
import { DataDirectory, type EditorCredentials } from "./data-directory.ts";
import { Supervisor } from "./supervisor.ts";

const defaultPort = 3000;
const memcachedMb = 512;

const say = (sentence: string) => console.log(`· ${sentence}`);

class Up {
  readonly #data: DataDirectory;
  readonly #supervisor: Supervisor;
  readonly #env: NodeJS.ProcessEnv;
  #editor: EditorCredentials | undefined;
  #stopping: Promise<void> | undefined;

  constructor(data: DataDirectory) {
    this.#data = data;
    this.#supervisor = new Supervisor(() => this.#updateUpFile(), say);
    const secret = process.env.FLOODGATE_SECRET ?? data.secrets().secret;
    this.#env = {
      FLOODGATE_STATE_DIR: data.file("state"),
      ...process.env,
      NODE_ENV: "production",
      FLOODGATE_SECRET: secret,
    };
  }

  async start(): Promise<void> {
    const startedMs = wallMs();
    await this.#data.lock(say);
    await this.#choosePorts();
    await this.#startMemcached();
    await this.#startDatabase();
    say("building (nothing to do when no source has changed)");
    this.#script("scripts/build.ts", "--if-changed");
    say("bringing the schema up to date");
    this.#run("migrate");
    this.#seed();
    await this.#startWorker();
    await this.#startFront();
    await waitUntil("the studio", () => this.#hasPages());
    this.#writeUpFile();
    this.#printAddresses((wallMs() - startedMs) / 1000);
  }

  /** Front, then what it left in the queues, then worker, then the servers. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopInOrder();
    return this.#stopping;
  }

  async #stopInOrder(): Promise<void> {
    if (this.#supervisor.has("front")) say("stopping: the front answers what it was asked");
    await this.#supervisor.stop("front");
    if (this.#supervisor.has("worker")) {
      say("stopping: the worker flushes what is left");
      await this.#supervisor.stop("worker");
      const flush = ["dist/cli.mjs", "flush"];
      spawnSync(process.execPath, flush, { env: this.#env, stdio: "inherit" });
    }
    await this.#supervisor.stop("memcached");
    await this.#supervisor.stop("database");
    this.#data.unlock();
    say("stopped");
  }

  async #choosePorts(): Promise<void> {
    const wanted = Number(process.env.PORT ?? defaultPort);
    if (process.env.PORT && (await portAnswers(wanted))) {
      throw new ProgramFailure(`port ${wanted} is taken: set PORT to another one`);
    }
    const port = await freePortNear(wanted);
    if (port !== wanted) say(`port ${wanted} is taken; using ${port}`);
    this.#env.PORT = String(port);
    this.#env.FLOODGATE_WORKER_PORT ??= String(
      await freePortNear(this.#data.ports.worker ?? port + 1),
    );
    this.#data.write("ports.json", {
      ...this.#data.ports,
      worker: Number(this.#env.FLOODGATE_WORKER_PORT),
    });
  }

  async #startMemcached(): Promise<void> {
    if (process.env.MEMCACHED_SERVERS) {
      say(`using memcached at ${process.env.MEMCACHED_SERVERS}`);
      return;
    }
    ensurePrograms(["memcached"], say);
    const port = await freePortNear(this.#data.ports.memcached ?? 21_211);
    this.#data.write("ports.json", { ...this.#data.ports, memcached: port });
    say(`starting a private memcached on 127.0.0.1:${port}`);
    await this.#supervisor.run(
      "memcached",
      this.#data.file("logs/memcached.log"),
      async logFile => (await startMemcached({ port, memoryMb: memcachedMb, logFile })).child,
    );
    this.#env.MEMCACHED_SERVERS = `127.0.0.1:${port}`;
  }

  async #startDatabase(): Promise<void> {
    if (process.env.DATABASE_URL) {
      say("using the database of DATABASE_URL");
      return;
    }
    ensurePrograms(["mariadb", "mariadb-install-db"], say);
    const port = await freePortNear(this.#data.ports.database ?? 21_306);
    this.#data.write("ports.json", { ...this.#data.ports, database: port });
    say(`starting a private MariaDB on 127.0.0.1:${port}`);
    await this.#supervisor.run("database", this.#data.file("logs/mariadb.log"), async logFile => {
      const database = await startDatabase({
        directory: this.#data.file("mariadb"),
        password: this.#data.secrets().databasePassword,
        port,
        bufferPoolMb: 512,
        logFile,
      });
      this.#env.DATABASE_URL = database.url;
      return database.child;
    });
  }

  #seed(): void {
    const output = this.#run("seed");
    const { editor, polls } = JSON.parse(output) as {
      editor: EditorCredentials | null;
      polls: string[];
    };
    if (editor) {
      say("made a first editor");
      this.#data.write("editor.json", editor);
    }
    if (polls.length > 0) say(`made sample polls: ${polls.join(", ")}`);
    this.#editor = this.#data.read<EditorCredentials>("editor.json");
  }

  async #startWorker(): Promise<void> {
    await this.#supervisor.run("worker", this.#data.file("logs/worker.log"), async logFile => {
      const child = this.#program("worker", logFile);
      await waitUntil("worker", () => portAnswers(Number(this.#env.FLOODGATE_WORKER_PORT)), {
        gaveUp: () => child.diedBecause,
      });
      return child;
    });
  }

  async #startFront(): Promise<void> {
    await this.#supervisor.run("front", this.#data.file("logs/front.log"), async logFile => {
      const child = this.#program("front", logFile);
      await waitUntil("front", () => portAnswers(Number(this.#env.PORT)), {
        gaveUp: () => child.diedBecause,
      });
      return child;
    });
  }

  /** The front takes votes before it has a studio. */
  async #hasPages(): Promise<boolean> {
    const ready = await fetch(`http://127.0.0.1:${this.#env.PORT}/readyz`);
    return ((await ready.json()) as Readiness).pages === "ok";
  }

  #program(name: "front" | "worker", logFile: string): Child {
    const arguments_ = ["--enable-source-maps", `dist/${name}.mjs`];
    return new Child(name, process.execPath, arguments_, { env: this.#env, logFile });
  }

  #script(file: string, ...args: string[]): void {
    const { status } = spawnSync(process.execPath, ["--import", "tsx", file, ...args], {
      env: this.#env,
      stdio: "inherit",
    });
    if (status !== 0) throw new ProgramFailure(`${file} failed`);
  }

  /** Runs a command of `floodgate` and gives what it printed. */
  #run(command: string): string {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["--enable-source-maps", "dist/cli.mjs", command],
      { env: this.#env, encoding: "utf8" },
    );
    if (status !== 0) throw new ProgramFailure(`${stdout}${stderr}`);
    return stdout;
  }

  /** After a restart: the disk may be full, and the processes run all the same. */
  #updateUpFile(): void {
    try {
      this.#writeUpFile();
    } catch (error) {
      const reason = error instanceof Error ? error.message : error;
      say(`${this.#data.file("up.json")} names a process that has ended: ${reason}`);
    }
  }

  #writeUpFile(): void {
    const { PORT, FLOODGATE_WORKER_PORT, DATABASE_URL, MEMCACHED_SERVERS } = this.#env;
    this.#data.write("up.json", {
      front: `http://127.0.0.1:${PORT}`,
      worker: `http://127.0.0.1:${FLOODGATE_WORKER_PORT}`,
      databaseUrl: DATABASE_URL,
      memcachedServers: MEMCACHED_SERVERS,
      apiToken: this.#editor?.apiToken,
      editor: this.#editor && { email: this.#editor.email, password: this.#editor.password },
      settings: this.#settings(),
      pids: this.#supervisor.pids,
    });
  }

  /** The settings of its processes, for programs that are run beside them. */
  #settings(): Record<string, string> {
    const set = settingDocs().map(({ name }) => [name, this.#env[name]] as const);
    return Object.fromEntries(set.filter(([, value]) => value !== undefined)) as Record<
      string,
      string
    >;
  }

  #printAddresses(seconds: number): void {
    const front = `http://localhost:${this.#env.PORT}`;
    const rows = [
      ["Polls", `${front}/`],
      ["A poll", `${front}/p/harbour-cars`],
      ["Studio", `${front}/studio`],
      ["  e-mail", this.#editor?.email ?? "(editors exist already)"],
      ["  password", this.#editor?.password ?? ""],
      ["API token", this.#editor?.apiToken ?? ""],
      ["Worker", `http://localhost:${this.#env.FLOODGATE_WORKER_PORT}/`],
      ["For scripts", this.#data.file("up.json")],
      ["Logs", this.#data.file("logs/")],
    ];
    console.log(`\nFloodgate is up (${seconds.toFixed(1)} s). Ctrl-C stops it.\n`);
    for (const [name, value] of rows) {
      if (value) console.log(`  ${name?.padEnd(12)} ${value}`);
    }
    console.log();
  }
}

const program = createProgram(
  {
    name: "up",
    summary: "start a whole site on this machine",
    description:
      "Starts a private memcached and MariaDB, builds, brings the schema up to date, makes a first editor and sample " +
      "polls, starts front and worker, and prints their addresses. Data, secrets and logs are in .data, or in " +
      "FLOODGATE_DATA_DIR. Any setting of docs/configuration.md may be given in the environment; with " +
      "MEMCACHED_SERVERS or DATABASE_URL, that server is used instead of a private one. Ctrl-C stops everything.",
    statuses: {
      0: "it was stopped in order",
      1: "something could not be started; the line says what",
    },
    examples: ["npm run up", "PORT=8080 npm run up"],
  },
  runUp,
);

/** What `up` chooses by itself, so that what the environment says can be checked before anything starts. */
const chosen = {
  DATABASE_URL: "mysql://floodgate@127.0.0.1/floodgate",
  MEMCACHED_SERVERS: "127.0.0.1:11211",
  FLOODGATE_SECRET: "x".repeat(32),
};

async function runUp(): Promise<undefined> {
  redirectConsole();
  loadConfigOver(chosen);
  const up = new Up(new DataDirectory(dataDirectory()));
  const stop = () => void up.stop().then(() => process.exit());
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  try {
    await up.start();
  } catch (error) {
    await up.stop();
    if (error instanceof ProgramFailure) throw error;
    throw new ProgramFailure(error instanceof Error ? error.message : String(error));
  }
  return undefined;
}

await runProgram(program);
