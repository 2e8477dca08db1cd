/** Drives load over several connections, each taking the next ballot from the plan until none is left. */
import { monotonicMs, SECOND, sleep } from "#lib/base/clock.ts";
import { backoffMs } from "#lib/base/retry.ts";
import type { Plan, PlannedBallot, State } from "./ballots.ts";
import { type Answer, Connection } from "./connection.ts";

export interface Target {
  readonly url: URL;
  readonly slug: string;
}

export interface LoadResult {
  /** By position in the plan. */
  readonly states: State[];
  readonly statusCounts: ReadonlyMap<number, number>;
  /** Latencies of answered requests in milliseconds, sorted. */
  readonly latencies: Float64Array;
  readonly seconds: number;
  readonly brokenConnections: number;
  readonly retriedAfter503: number;
}

const backoff = { firstMs: 50, maxMs: SECOND };
const patienceMs = 120 * SECOND;
const firstAnswerMsMax = 15 * SECOND;

export class Load {
  readonly #target: Target;
  readonly #plan: Plan;
  readonly #leaveEvery: number;
  readonly #states: State[];
  readonly #cookies = new Map<number, string>();
  readonly #statusCounts = new Map<number, number>();
  readonly #latencies: number[] = [];
  #next = 0;
  #broken = 0;
  #retried = 0;

  /** @param leaveEvery - every n-th first ballot is sent once, without waiting for its answer. */
  constructor(target: Target, plan: Plan, leaveEvery: number) {
    this.#target = target;
    this.#plan = plan;
    this.#leaveEvery = leaveEvery;
    this.#states = plan.ballots.map(() => "invoked");
  }

  /** Ballots taken up so far. */
  get progress(): number {
    return this.#next;
  }

  async run(connections: number): Promise<LoadResult> {
    const startedMs = monotonicMs();
    await Promise.all(Array.from({ length: connections }, () => this.#work()));
    return {
      states: this.#states,
      statusCounts: this.#statusCounts,
      latencies: Float64Array.from(this.#latencies).sort(),
      seconds: (monotonicMs() - startedMs) / 1000,
      brokenConnections: this.#broken,
      retriedAfter503: this.#retried,
    };
  }

  async #work(): Promise<void> {
    const { hostname, port } = this.#target.url;
    const connection = new Connection(hostname, Number(port || 80));
    for (let index = this.#next++; index < this.#plan.ballots.length; index = this.#next++) {
      const ballot = this.#plan.ballots[index];
      if (!ballot) break;
      const leaves =
        ballot.purpose === "first" && index % this.#leaveEvery === this.#leaveEvery - 1;
      if (ballot.purpose === "duplicate") await this.#known(ballot.voter);
      if (leaves) await connection.sendAndLeave(this.#request(ballot)).catch(() => {});
      this.#states[index] = await this.#cast(connection, ballot);
    }
    connection.close();
  }

  /** Resolves when a voter's first ballot has its answer: without its cookie the voter would be another one. */
  async #known(voter: number): Promise<void> {
    const untilMs = monotonicMs() + firstAnswerMsMax;
    while (!this.#cookies.has(voter) && monotonicMs() < untilMs) await sleep(10);
  }

  /** Sends a ballot until it has an answer that says something. */
  async #cast(connection: Connection, ballot: PlannedBallot): Promise<State> {
    const untilMs = monotonicMs() + patienceMs;
    for (let attempt = 0; monotonicMs() < untilMs; attempt++) {
      const answer = await this.#try(connection, ballot);
      if (answer && answer.status !== 503 && answer.status !== 429) {
        if (answer.cookie) this.#cookies.set(ballot.voter, answer.cookie);
        return answer.status === 202 ? "acknowledged" : "refused";
      }
      if (answer) this.#retried += 1;
      else this.#broken += 1;
      await sleep(backoffMs(backoff, attempt));
    }
    return "unknown";
  }

  async #try(connection: Connection, ballot: PlannedBallot): Promise<Answer | undefined> {
    const startedMs = monotonicMs();
    try {
      const answer = await connection.send(this.#request(ballot));
      this.#latencies.push(monotonicMs() - startedMs);
      this.#statusCounts.set(answer.status, (this.#statusCounts.get(answer.status) ?? 0) + 1);
      return answer;
    } catch {
      return undefined;
    }
  }

  #request({ purpose, voter, ballotId, choice }: PlannedBallot): string {
    const { url, slug } = this.#target;
    const body = JSON.stringify({ choices: [choice], ballotId });
    // A retry comes without the cookie: the answer that brought it is the one that was lost.
    const cookie = purpose === "duplicate" ? this.#cookies.get(voter) : undefined;
    return (
      `POST /api/polls/${slug}/votes HTTP/1.1\r\nHost: ${url.host}\r\n` +
      (cookie ? `Cookie: ${cookie}\r\n` : "") +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    );
  }
}
