/**
 * What clients saw: for every request one `invoke`, and one answer: `ok` (202), `fail` (refused for good)
 * or `info` (503, 429, a broken connection: the ballot may be in, or not). The checker decides by this and
 * by nothing else what must be in MySQL.
 *
 * Source: Jepsen's histories.
 */
import { appendFileSync } from "node:fs";
import { monotonicMs } from "#lib/base/clock.ts";

/** One ballot of one voter. */
export interface HistoryBallot {
  readonly poll: string;
  /** A number of the test's own; the product knows voters by other names. */
  readonly voter: number;
  /** As hex, without dashes: as MySQL has it. */
  readonly ballot: string;
  readonly choice: string;
}

export interface HistoryEvent extends HistoryBallot {
  /** Monotonic. */
  readonly atMs: number;
  readonly type: "invoke" | "ok" | "fail" | "info";
  /** The answer's status; missing when there was no answer. */
  readonly status?: number;
}

export class History {
  readonly events: HistoryEvent[] = [];
  /** The slowest answer so far, in milliseconds. */
  slowestMs = 0;

  invoked(ballot: HistoryBallot): number {
    const atMs = monotonicMs();
    this.events.push({ ...ballot, atMs, type: "invoke" });
    return atMs;
  }

  answered(ballot: HistoryBallot, invokedAtMs: number, status: number | undefined): void {
    const atMs = monotonicMs();
    if (status !== undefined) this.slowestMs = Math.max(this.slowestMs, atMs - invokedAtMs);
    this.events.push({ ...ballot, atMs, type: typeOf(status), ...(status && { status }) });
  }

  count(type: HistoryEvent["type"]): number {
    return this.events.filter(event => event.type === type).length;
  }

  /** Answers that promise 5 does not know: neither 2xx, nor 4xx, nor 503. */
  get oddAnswers(): readonly HistoryEvent[] {
    return this.events.filter(
      ({ status }) => status !== undefined && status >= 500 && status !== 503,
    );
  }

  /** Appends everything to a file, one JSON object a line. */
  save(file: string): void {
    appendFileSync(file, this.events.map(event => `${JSON.stringify(event)}\n`).join(""));
  }
}

function typeOf(status: number | undefined): "ok" | "fail" | "info" {
  if (status === 202) return "ok";
  const refused = status !== undefined && status >= 400 && status < 500 && status !== 429;
  return refused ? "fail" : "info";
}
