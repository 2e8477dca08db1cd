/**
 * The worker's metrics, for Prometheus. Names follow its conventions: base units, `_total` on counters. A lane, a server
 * or a fate is a label; a poll never is, because there can be any number of them.
 *
 * Counters belong to this process and start at zero with it. Gauges of queues and servers describe the site, so several
 * workers report the same values.
 *
 * Invariant: every series is there from the first reading on, with 0, as far as its labels are known: an alert on a
 *   series that is absent until something happens can't fire. What is not known is absent: the memory of a server that
 *   does not answer, the books while MySQL has not been read. A server that was removed has no series.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { SECOND } from "#lib/base/clock.ts";
import { processOutput } from "#lib/base/output.ts";
import type { Books } from "#lib/books/books.ts";
import { heldMs } from "#lib/fleet/held-votes.ts";
import { databaseClock, isClockWrong, machineClock } from "#lib/fleet/site-clock.ts";
import type { PassSummary } from "#lib/flush/flusher.ts";
import { lanes as allLanes } from "#lib/model/lane.ts";
import type { Survey } from "./state.ts";

export class Metrics {
  readonly registry = new Registry();
  readonly #registers = [this.registry];
  readonly #passes = this.#counter("passes_total", "Flush passes, by what started them.", [
    "because",
  ]);
  readonly #failures = this.#counter("pass_failures_total", "Flush passes that failed.");
  readonly #ballots = this.#counter("flushed_ballots_total", "Ballots flushed.", ["fate"]);
  readonly #slots = this.#counter("flushed_slots_total", "Slots flushed.");
  readonly #repeated = this.#counter(
    "repeated_slots_total",
    "Slots whose batch was in MySQL already.",
  );
  readonly #commits = this.#counter("flush_commits_total", "Flush transactions.");
  readonly #missingSlots = this.#counter(
    "missing_slots_passed_total",
    "Missing slots that were passed.",
  );
  readonly #letters = this.#counter(
    "dead_letters_total",
    "Dead letters: slots or ballots set aside.",
  );
  readonly #linesDropped = this.#counter(
    "log_lines_dropped_total",
    "Lines of this process that could not be written: the log's disk is full, or nobody reads it.",
  );
  readonly #setbacks = this.#counter(
    "mysql_went_back_total",
    "Times that MySQL turned out to lack commits: a failover to a replica that lagged, or a restored backup.",
  );
  readonly #passSeconds = new Histogram({
    name: "floodgate_pass_duration_seconds",
    help: "Duration of flush passes that flushed something.",
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: this.#registers,
  });
  readonly #lastPass = this.#gauge(
    "last_pass_timestamp_seconds",
    "Time at which the last pass finished.",
  );
  readonly #waiting = this.#gauge("queue_slots", "Waiting slots.", ["server", "lane"]);
  readonly #oldest = this.#gauge("queue_oldest_seconds", "Age of the oldest waiting ballot.", [
    "server",
    "lane",
  ]);
  readonly #up = this.#gauge("memcached_up", "1 when the server answers.", ["server"]);
  readonly #used = this.#gauge("memcached_used_bytes", "Memory used by items.", ["server"]);
  readonly #limit = this.#gauge("memcached_limit_bytes", "Memory that items may use.", ["server"]);
  readonly #mayEvict = this.#gauge("memcached_may_evict", "1 when the server runs without -M.", [
    "server",
  ]);
  readonly #evicted = this.#gauge(
    "memcached_evictions",
    "Items evicted since the server started.",
    ["server"],
  );

  readonly #clock = this.#gauge(
    "clock_ahead_seconds",
    "By how much a clock is ahead of the site's time; 0 while it is less than two seconds off.",
    ["clock"],
  );

  readonly #wrongProcesses = this.#gauge(
    "processes_clock_wrong",
    "Running fronts and workers whose clock is more than two seconds off.",
  );

  readonly #frontsMissing = this.#gauge(
    "fronts_missing",
    "Fronts that have stopped reporting and are not declared gone.",
  );

  readonly #held = this.#gauge(
    "front_held_seconds",
    "For how long a front has held its oldest vote that is not in MySQL; the longest of all fronts.",
  );

  readonly #standstills = this.#gauge(
    "queues_standing_still",
    "Queues whose slots wait although their turn comes.",
  );
  readonly #books = this.#gauge("books_ballots", "Ballots in the books of all polls.", ["account"]);
  readonly #balanced = this.#gauge("books_balanced", "0 when the books do not balance.");

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    for (const because of ["kickstart", "interval"]) this.#passes.inc({ because }, 0);
    for (const fate of ["counted", "duplicate", "redelivered", "replaced"]) {
      this.#ballots.inc({ fate }, 0);
    }
    // Until they are read, nothing says that they do not.
    this.#balanced.set(1);
  }

  #counter(name: string, help: string, labelNames: string[] = []): Counter {
    return new Counter({ name: `floodgate_${name}`, help, labelNames, registers: this.#registers });
  }

  #gauge(name: string, help: string, labelNames: string[] = []): Gauge {
    return new Gauge({ name: `floodgate_${name}`, help, labelNames, registers: this.#registers });
  }

  passed(summary: PassSummary, ms: number, because: "kickstart" | "interval", nowMs: number): void {
    this.#passes.inc({ because });
    this.#lastPass.set(nowMs / SECOND);
    this.#ballots.inc({ fate: "counted" }, summary.counted);
    this.#ballots.inc({ fate: "duplicate" }, summary.duplicates);
    this.#ballots.inc({ fate: "redelivered" }, summary.redelivered);
    this.#ballots.inc({ fate: "replaced" }, summary.replaced);
    this.#slots.inc(summary.slots);
    this.#repeated.inc(summary.repeated);
    this.#commits.inc(summary.commits);
    this.#missingSlots.inc(summary.missing);
    this.#letters.inc(summary.letters);
    if (summary.commits > 0) this.#passSeconds.observe(ms / SECOND);
  }

  failed(): void {
    this.#failures.inc();
  }

  /** All metrics as Prometheus reads them. */
  async expose(survey: Survey, books: Books | undefined): Promise<string> {
    this.#linesDropped.reset();
    this.#linesDropped.inc(processOutput().linesDropped);
    if (books) this.#account(books);
    this.#held.set(Math.max(0, ...survey.fronts.members.map(heldMs)) / SECOND);
    this.#standstills.set(survey.standstills.length);
    this.#frontsMissing.set(survey.fronts.missing.length);
    this.#setbacks.reset();
    this.#setbacks.inc(survey.setbacks.count);
    this.#clocks(survey);
    this.#servers(survey);
    return this.registry.metrics();
  }

  #clocks({ wrongClocks, servers, fronts }: Survey): void {
    const wrong = fronts.members.filter(({ clockAheadMs }) => isClockWrong(clockAheadMs));
    this.#wrongProcesses.set(wrong.length);
    this.#clock.reset();
    for (const clock of [machineClock, databaseClock, ...servers.map(({ name }) => name)]) {
      this.#clock.set({ clock }, 0);
    }
    for (const { clock, aheadMs } of wrongClocks) this.#clock.set({ clock }, aheadMs / SECOND);
  }

  #servers({ servers, atMs }: Survey): void {
    const ofMemory = [this.#used, this.#limit, this.#evicted, this.#mayEvict];
    for (const gauge of [this.#waiting, this.#oldest, this.#up, ...ofMemory]) gauge.reset();
    for (const { name: server, memory, holdsQueues, lanes } of servers) {
      this.#up.set({ server }, memory ? 1 : 0);
      if (!memory) continue;
      this.#used.set({ server }, memory.usedBytes);
      this.#limit.set({ server }, memory.limitBytes);
      this.#evicted.set({ server }, memory.evictions);
      this.#mayEvict.set({ server }, memory.mayEvict ? 1 : 0);
      for (const lane of holdsQueues ? allLanes : []) {
        const depth = lanes.find(each => each.lane === lane);
        this.#waiting.set({ server, lane }, depth?.slots ?? 0);
        const age = (atMs - (depth?.oldestAtMs ?? atMs)) / SECOND;
        this.#oldest.set({ server, lane }, Math.max(0, age));
      }
    }
  }

  #account({ balanced, ...accounts }: Books): void {
    this.#balanced.set(balanced ? 1 : 0);
    for (const [account, ballots] of Object.entries(accounts))
      this.#books.set({ account }, ballots);
  }
}
