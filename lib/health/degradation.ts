/**
 * Degradation: what Floodgate does when a dependency is away, in six steps, from nothing wrong down to refusing
 * votes. A process names its step in one word: in `/readyz`, in the worker's status, and to readers in one
 * sentence, where it makes a difference to them (`reader/words`).
 *
 * | step            | what is away                           | what becomes of votes                             |
 * |-----------------|----------------------------------------|---------------------------------------------------|
 * | `normal`        | nothing                                | enqueued, counted within a second                 |
 * | `fewer_servers` | a queue server, not all                | enqueued, on the servers that are left            |
 * | `holding`       | MySQL                                  | enqueued, counted when MySQL is back              |
 * | `direct`        | every queue server                     | committed to MySQL directly, at a limited rate    |
 * | `shedding`      | some of the queue's memory             | lower lanes are refused, the others enqueued      |
 * | `refusing`      | queue servers and MySQL, or all memory | refused; readers' pages keep the choice and retry |
 */
import { every } from "../base/every.ts";
import type { Log } from "../base/log.ts";
import { type Lane, lanes } from "../model/lane.ts";
import { orWhenMysqlFails } from "../store/failure.ts";
import type { StoreBreaker } from "../store/store-breaker.ts";

export const degradationSteps = [
  "normal",
  "fewer_servers",
  "holding",
  "direct",
  "shedding",
  "refusing",
] as const;
export type DegradationStep = (typeof degradationSteps)[number];

/** The dependencies as one process sees them. */
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

const watchMs = 200;

/** A front's own step of degradation. */
export class Degradation {
  readonly #log: Log;
  readonly #mysql: StoreBreaker;
  readonly #viewOf: () => Omit<DegradationView, "mysqlUp">;
  #loggedStep: DegradationStep = "normal";
  #loggedLanes = 0;

  /** @param viewOf - the parts as they are now; no I/O. */
  constructor(log: Log, mysql: StoreBreaker, viewOf: () => Omit<DegradationView, "mysqlUp">) {
    this.#log = log;
    this.#mysql = mysql;
    this.#viewOf = viewOf;
  }

  get #view(): DegradationView {
    return { ...this.#viewOf(), mysqlUp: this.#mysql.available };
  }

  /** The step right now. */
  get step(): DegradationStep {
    return degradationStep(this.#view);
  }

  /** Lanes whose votes are refused right now. */
  get lanesRefused(): readonly Lane[] {
    return this.#view.lanesRefused;
  }

  /** Logs the step, or how many lanes are refused, if it has changed since it was last logged. */
  update(): void {
    const view = this.#view;
    const step = degradationStep(view);
    const stepsDown = degradationSteps.indexOf(step) - degradationSteps.indexOf(this.#loggedStep);
    const moreRefused = view.lanesRefused.length - this.#loggedLanes;
    if (stepsDown === 0 && moreRefused === 0) return;
    const line = { event: "degradation", step, before: this.#loggedStep, ...view };
    this.#loggedStep = step;
    this.#loggedLanes = view.lanesRefused.length;
    if ((stepsDown || moreRefused) > 0) this.#log.warn(line);
    else this.#log.info(line);
  }

  /** Asks MySQL whether it is there. One query. */
  askMysql(): Promise<boolean> {
    const asked = this.#mysql.use(store => store.rows("degradation.ping", "SELECT 1"));
    return orWhenMysqlFails(
      asked.then(() => true),
      () => false,
    );
  }

  /** Updates until `signal` is aborted. MySQL is asked only while it is known to be away, to learn that it is back. */
  watch(signal: AbortSignal): Promise<void> {
    return every(watchMs, () => this.#check(), signal);
  }

  async #check(): Promise<void> {
    if (!this.#mysql.available) await this.askMysql();
    this.update();
  }
}
