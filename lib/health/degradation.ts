/**
 * The ladder: what Floodgate does when a part of it is away, one step at a time, from nothing wrong down to
 * refusing. A process says on which step it stands in one word: in `/readyz`, in the worker's status, and
 * to readers, where it makes a difference to them, in one sentence (`reader/words`).
 *
 * | step            | what is away                     | what becomes of votes                                |
 * |-----------------|----------------------------------|------------------------------------------------------|
 * | `normal`        | nothing                          | into the queue, counted within a second              |
 * | `fewer_servers` | a queue server, not all          | into the queue, on the servers that are there        |
 * | `holding`       | MySQL                            | into the queue, counted when MySQL is back           |
 * | `direct`        | every queue server               | straight into MySQL, at a capped rate                |
 * | `shedding`      | room in the queue                | lower lanes are refused, to keep room for the others |
 * | `refusing`      | the queue servers and MySQL, or all room | refused; readers' pages keep the choice and send it again |
 */
import { sleep } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { type Lane, lanes } from "../model/lane.ts";
import type { CircuitBreaker } from "../store/circuit-breaker.ts";
import { isStoreFailure } from "../store/database.ts";

export const degradationSteps = [
  "normal",
  "fewer_servers",
  "holding",
  "direct",
  "shedding",
  "refusing",
] as const;
export type DegradationStep = (typeof degradationSteps)[number];

/** What a process sees of the parts. */
export interface DegradationView {
  readonly queueServers: number;
  readonly queueServersUp: number;
  readonly mysqlUp: boolean;
  readonly lanesRefused: readonly Lane[];
}

/** The step that a view means. */
export function degradationStep(view: DegradationView): DegradationStep {
  const { queueServers, queueServersUp, mysqlUp, lanesRefused } = view;
  if (queueServersUp === 0) return mysqlUp ? "direct" : "refusing";
  if (lanesRefused.length === lanes.length) return "refusing";
  if (lanesRefused.length > 0) return "shedding";
  if (!mysqlUp) return "holding";
  return queueServersUp < queueServers ? "fewer_servers" : "normal";
}

const lookMs = 200;

/** A front's own place on the ladder; logs each change of it, and of the lanes that are refused, once. */
export class Degradation {
  readonly #log: Log;
  readonly #mysql: CircuitBreaker;
  readonly #view: () => Omit<DegradationView, "mysqlUp">;
  #last: DegradationStep = "normal";
  #lastRefused: readonly Lane[] = [];

  /** @param view - looks at the parts as they are now; no I/O. */
  constructor(log: Log, mysql: CircuitBreaker, view: () => Omit<DegradationView, "mysqlUp">) {
    this.#log = log;
    this.#mysql = mysql;
    this.#view = view;
  }

  /** The step right now. */
  get step(): DegradationStep {
    const view = { ...this.#view(), mysqlUp: this.#mysql.available };
    const step = degradationStep(view);
    const moreRefused = view.lanesRefused.length - this.#lastRefused.length;
    if (step !== this.#last || moreRefused !== 0) {
      const down =
        degradationSteps.indexOf(step) - degradationSteps.indexOf(this.#last) || moreRefused;
      const line = { event: "ladder", step, before: this.#last, ...view };
      this.#last = step;
      this.#lastRefused = view.lanesRefused;
      if (down > 0) this.#log.warn(line);
      else this.#log.info(line);
    }
    return step;
  }

  /** Lanes whose votes are refused, of those that `step` has last seen. */
  get lanesRefused(): readonly Lane[] {
    return this.#lastRefused;
  }

  /** Asks MySQL whether it is there. One query. */
  async askMysql(): Promise<boolean> {
    try {
      await this.#mysql.use(store => store.rows("ladder.ping", "SELECT 1"));
      return true;
    } catch (error) {
      if (!isStoreFailure(error)) throw error;
      return false;
    }
  }

  /**
   * Looks at where it stands until `signal` is aborted. MySQL is asked only while it is known to be away,
   * to learn that it is back.
   */
  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(lookMs, signal);
      if (!this.#mysql.available) await this.askMysql();
      void this.step;
    }
  }
}
