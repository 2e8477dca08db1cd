/** What happened in a run: for people, when it fails, and as counts, to see what the generator reaches. */
import { describeError } from "#lib/base/log.ts";

export class RunHistory {
  readonly lines: string[] = [];
  /** How often each event was logged, each fault made, each state reached. */
  readonly counts = new Map<string, number>();
  /** Went against a promise, and can't be made good. */
  readonly violations: string[] = [];
  nowMs: () => number = () => 0;
  readonly #keepsLines: boolean;

  constructor(keepsLines: boolean) {
    this.#keepsLines = keepsLines;
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  note(who: string, what: string): void {
    if (!this.#keepsLines) return;
    const seconds = ((this.nowMs() - 10_000) / 1_000).toFixed(3).padStart(8);
    this.lines.push(`${seconds}  ${who.padEnd(12)} ${what}`);
  }

  /** A line of a process's log. */
  logged(who: string, level: string, fields: Readonly<Record<string, unknown>>): void {
    const { event, ...rest } = fields;
    this.count(`event: ${event}`);
    if (this.#keepsLines) this.note(who, `${level} ${event} ${JSON.stringify(rest)}`);
  }

  violation(what: string): void {
    this.note("MODEL", `violation: ${what}`);
    if (!this.violations.includes(what)) this.violations.push(what);
  }

  /** A bug of the model or of the product: nothing may throw here. */
  crashed(who: string, error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.violation(`${who} failed: ${text} ${JSON.stringify(describeError(error))}`);
  }
}
