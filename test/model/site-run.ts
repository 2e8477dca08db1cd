/**
 * One run of the model: a whole site, its readers and some faults, all drawn from one seed. After the last fault
 * everything must drain within a bound of simulated time.
 *
 * What the generator can't produce, so what a green run says nothing about:
 * - torn writes, full disks and everything else about files: the fronts keep no accepted count on disk here;
 * - TCP: half-open connections, partial packets, more pipelines than a session takes; connection pools that are used up;
 * - InnoDB's gap locks and lock escalation, replication inside a cluster, statements that are slow by themselves;
 * - memcached's evictions and a full memory (`-M`);
 * - marks that are released late: the fake's items look as if they were read a moment ago;
 * - slots that do not decode, and fronts that are declared gone; polls that are edited, closed early or reopened;
 * - a poll that closes, by a wrong clock of MySQL, before any front has started;
 * - clocks that tick at another rate; two clocks of a machine's three that are wrong together;
 * - the Next process, pages, event streams, receipts, lanes other than normal, ratings;
 * - mixed versions, rolling changes of settings other than homes, and the workers' copies of the fleet record;
 * - a machine that is gone for good: every front is started again within seconds.
 */
import { isFloodgateError } from "#lib/base/errors.ts";
import { isMemcachedFailure } from "#lib/memcached/failure.ts";
import { createPoll } from "#lib/polls/create.ts";
import type { CreatePoll } from "#lib/polls/schema.ts";
import { isStoreFailure } from "#lib/store/failure.ts";
import { mulberry32 } from "#test/support/random.ts";
import { Checks } from "./checks.ts";
import { editorsParts } from "./editor.ts";
import { anySkew, type FaultKind, faultKinds, pollMade, restored, type Site } from "./faults.ts";
import { Ledger } from "./ledger.ts";
import { FrontProgram, type ProgramSettings, WorkerProgram } from "./programs.ts";
import { type PollInUse, Readers } from "./readers.ts";
import { RunHistory } from "./run-history.ts";
import { SimulatedProcess, Simulation } from "./scheduler.ts";
import { World } from "./world.ts";

export interface RunResult {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly counts: ReadonlyMap<string, number>;
  readonly lines: readonly string[];
  readonly steps: number;
  readonly simulatedMs: number;
}

export interface RunOptions {
  readonly keepsLines?: boolean;
}

/** When polls are opened: all programs run by then. */
const openedMs = 350;
const readersFromMs = 500;
const faultsFromMs = 700;
const drainMsMax = 120_000;
const lookEveryMs = 500;

class SiteRun {
  readonly #simulation: Simulation;
  readonly #history: RunHistory;
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #keepMs: number;
  readonly #copies: number;
  readonly #fronts: readonly FrontProgram[];
  readonly #workers: readonly WorkerProgram[];
  readonly #readers: Readers;
  readonly #checks: Checks;
  readonly #polls: PollInUse[] = [];
  readonly #editor = new SimulatedProcess("editor", { name: "editor", clockAheadMs: 0 });
  #slugs = 0;
  #quietFromMs = 0;
  #faultsLeft = 0;
  #complaints: readonly string[] = ["not looked at"];

  constructor(seed: number, { keepsLines = false }: RunOptions) {
    const simulation = new Simulation(mulberry32(seed));
    this.#simulation = simulation;
    this.#history = new RunHistory(keepsLines);
    this.#history.nowMs = () => simulation.nowMs;
    const servers = simulation.pick([1, 1, 2, 3]);
    this.#world = new World(simulation, this.#history, servers);
    this.#keepMs = simulation.pick([0, 20_000]);
    this.#copies = servers > 1 ? simulation.pick([1, 2]) : 1;
    this.#ledger = new Ledger(this.#world, this.#keepMs);
    const fronts = simulation.integer(1, 3);
    const shared = { copies: this.#copies, keepMs: this.#keepMs };
    const skews = this.#skews();
    this.#fronts = Array.from({ length: fronts }, (_, index) => {
      const settings = { ...shared, ...this.#homesOf(index) };
      return new FrontProgram(this.#world, `front ${index + 1}`, settings, skews());
    });
    this.#workers = Array.from({ length: simulation.pick([1, 1, 2]) }, (_, index) => {
      const settings = { ...shared, homes: simulation.integer(1, 3), firstHome: 0 };
      return new WorkerProgram(this.#world, `worker ${index + 1}`, settings, skews());
    });
    this.#readers = new Readers(this.#world, this.#ledger, this.#fronts);
    this.#checks = new Checks(this.#world, this.#ledger, this.#workers);
    this.#world.mysql.server.onCommit = tx => {
      this.#checks.committing(tx);
      this.#ledger.committing(tx);
    };
  }

  /** A front's first home is one of those that its settings name. */
  #homesOf(index: number): Pick<ProgramSettings, "homes" | "firstHome"> {
    const homes = this.#simulation.integer(1, 3);
    return { homes, firstHome: index % homes };
  }

  /** Which clocks are wrong: none, those of some programs' machines, or MySQL's, or memcached's. */
  #skews(): () => number {
    const simulation = this.#simulation;
    const whose = simulation.pick(["none", "none", "programs", "mysql", "memcached"]);
    if (whose !== "none") this.#history.count(`state: wrong clock of ${whose}`);
    if (whose === "mysql") this.#world.mysqlMachine.clockAheadMs = anySkew(simulation);
    if (whose === "memcached") this.#world.memcachedMachine.clockAheadMs = anySkew(simulation);
    return () => (whose === "programs" && simulation.chance(0.5) ? anySkew(simulation) : 0);
  }

  async go(): Promise<void> {
    const simulation = this.#simulation;
    for (const program of [...this.#fronts, ...this.#workers]) {
      simulation.after(simulation.between(0, 200), () => program.start());
    }
    simulation.after(openedMs, () => void this.#openPolls(), this.#editor);
    const readers = simulation.integer(6, 20);
    const votingMs = simulation.between(1_000, 8_000);
    for (let i = 0; i < readers; i++) {
      this.#readers.comes(simulation.between(readersFromMs, readersFromMs + votingMs), () =>
        simulation.pick(this.#polls),
      );
    }
    this.#planFaults();
    simulation.after(faultsFromMs + 1_000, () => this.#look());
    const drained = () => this.#complaints.length === 0;
    const untilMs = () => Math.max(this.#quietFromMs, 20_000) + drainMsMax;
    while (!drained()) {
      const limitMs = untilMs();
      if (await simulation.run(drained, limitMs)) break;
      if (untilMs() > limitMs) continue;
      for (const complaint of this.#complaints) this.#history.violation(`in the end: ${complaint}`);
      break;
    }
  }

  async #openPolls(): Promise<void> {
    const simulation = this.#simulation;
    const polls = simulation.integer(1, 2);
    for (let i = 0; i < polls; i++) await this.#openPoll(i === 0 && simulation.chance(0.8));
  }

  /** Makes a poll that is open at once. */
  async #openPoll(closes: boolean): Promise<void> {
    const simulation = this.#simulation;
    const { trueMs } = simulation;
    const kind = simulation.pick(["choice", "choice", "ranked"] as const);
    const options = simulation.integer(2, 3);
    const input = {
      slug: `poll-${this.#slugs++}`,
      question: "Which?",
      description: "",
      choicesMin: 1,
      choicesMax: 1,
      opensAt: trueMs - 60_000,
      closesAt: closes ? Math.round(trueMs + simulation.between(2_500, 9_000)) : null,
      language: null,
      options: Array.from({ length: options }, (_, at) => ({ label: `option ${at}` })),
      kind,
      mayChange: simulation.chance(0.4),
    } as unknown as CreatePoll;
    try {
      const parts = editorsParts(this.#world, this.#editor, this.#copies);
      const poll = await createPoll(parts, input, Math.floor(trueMs));
      this.#history.note("editor", `made ${poll.slug}, number ${poll.id}`);
      if (this.#polls.some(({ id }) => id === poll.id))
        this.#history.count("state: a number was given again");
      this.#polls.push({ ...poll, kind, options });
    } catch (error) {
      // MySQL went back between the poll's row and its publication: the editor is told that the poll is gone.
      const wentBack = this.#history.counts.has("state: MySQL lost commits");
      const isGone = wentBack && isFloodgateError(error, "poll_not_found");
      if (!isGone && !isStoreFailure(error) && !isMemcachedFailure(error))
        this.#history.crashed("editor", error);
    }
  }

  /** A random subset of the kinds, at random moments. */
  #planFaults(): void {
    const simulation = this.#simulation;
    const possible = faultKinds.filter(({ needs }) => needs?.({ keepMs: this.#keepMs }) ?? true);
    const kinds = possible.filter(() => simulation.chance(0.25));
    const count = kinds.length === 0 ? 0 : simulation.integer(1, 5);
    for (let i = 0; i < count; i++) {
      const kind = simulation.pick(kinds);
      const atMs = simulation.between(faultsFromMs, 9_000);
      this.#faultsLeft += 1;
      simulation.after(atMs, () => this.#make(kind));
      // A restore is to take a poll away, now and then.
      if (kind.name === restored && simulation.chance(0.7)) {
        simulation.after(simulation.between(faultsFromMs, atMs), () => this.#make(pollMade));
        this.#faultsLeft += 1;
      }
    }
  }

  #make(kind: FaultKind): void {
    this.#history.count(`fault: ${kind.name}`);
    this.#history.note("FAULT", kind.name);
    this.#faultsLeft -= 1;
    const { mysql } = this.#world;
    const readyMs = mysql.server.options.nowMs() - (this.#simulation.nowMs - 10_000 - faultsFromMs);
    const site: Site = {
      world: this.#world,
      ledger: this.#ledger,
      fronts: this.#fronts,
      workers: this.#workers,
      keepMs: this.#keepMs,
      readyMs,
      newPoll: () => {
        this.#simulation.after(0, () => void this.#openPoll(false), this.#editor);
      },
    };
    const endsMs = this.#simulation.nowMs + kind.make(site);
    this.#quietFromMs = Math.max(this.#quietFromMs, endsMs);
  }

  /** Looks again and again whether everything has drained. */
  #look(): void {
    const simulation = this.#simulation;
    const isQuiet =
      this.#faultsLeft === 0 && this.#readers.voting === 0 && simulation.nowMs > this.#quietFromMs;
    if (isQuiet) this.#complaints = this.#checks.complaints();
    simulation.after(lookEveryMs, () => this.#look(), simulation.surroundings);
  }

  result(seed: number): RunResult {
    const { counts, lines, violations } = this.#history;
    const { steps, nowMs } = this.#simulation;
    return { seed, violations, counts, lines, steps, simulatedMs: nowMs - 10_000 };
  }

  get world(): World {
    return this.#world;
  }
}

/** Runs one seed. */
export async function runSeed(seed: number, options: RunOptions = {}): Promise<RunResult> {
  const run = new SiteRun(seed, options);
  await run.world.installed(() => run.go());
  return run.result(seed);
}
