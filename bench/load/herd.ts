/**
 * A herd of readers as a process: each fetches the poll's page, and votes over the same connection when the page is
 * there. Readers are due at an even rate, whether or not earlier ones were answered. Connections are opened when readers
 * need them, up to a number; then a reader waits for a free one, and that time is part of the page's latency.
 *
 * Reads its job (JSON) from standard input; says when the herd comes and when it is served; prints its report (JSON) as
 * the last line.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type HerdAnswers, type HerdJob, type HerdReport, spanBegins, spanEnds } from "./job.ts";
import { Latencies } from "./latencies.ts";
import { Line } from "./line.ts";
import { Requests } from "./requests.ts";

const patienceMs = 30_000;

const job = JSON.parse(readFileSync(0, "utf8")) as HerdJob;
const requests = new Requests(job.vote);

const now = () => performance.now();

class Answers {
  readonly #latencies = new Latencies();
  readonly #statuses = new Map<number, number>();
  sent = 0;
  lastMs = 0;

  count(status: number, fromMs: number): void {
    this.lastMs = now();
    this.#latencies.add(this.lastMs - fromMs);
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
  }

  report(): HerdAnswers {
    return {
      sent: this.sent,
      statuses: Object.fromEntries(this.#statuses),
      p50Ms: this.#latencies.percentile(0.5),
      p99Ms: this.#latencies.percentile(0.99),
      maxMs: this.#latencies.percentile(1),
    };
  }
}

const pages = new Answers();
const votes = new Answers();
const free: Line[] = [];
const voting = new Set<Line>();
/** When readers were due who have no connection yet. */
const waiting: number[] = [];
let waitingAt = 0;
let open = 0;
let busy = 0;

function fetchPage(line: Line, dueMs: number): void {
  busy += 1;
  pages.sent += 1;
  line.send(job.page, dueMs);
}

function onAnswer(line: Line, status: number): void {
  busy -= 1;
  if (voting.delete(line)) votes.count(status, line.dueMs);
  else {
    pages.count(status, line.dueMs);
    if (status === 200 && !line.dead) {
      busy += 1;
      voting.add(line);
      votes.sent += 1;
      line.send(requests.next(), now());
      return;
    }
  }
  if (!line.dead) free.push(line);
  serveWaiting();
}

function onEnd(line: Line, isWaiting: boolean): void {
  open -= 1;
  voting.delete(line);
  if (isWaiting) busy -= 1;
  serveWaiting();
}

/** A connection for a reader; `undefined` while all are busy. */
function takeLine(): Line | undefined {
  for (let line = free.pop(); line; line = free.pop()) {
    if (!line.dead) return line;
  }
  if (open >= job.connections) return undefined;
  open += 1;
  return new Line({ host: job.host, port: job.port, onAnswer, onEnd });
}

function serveWaiting(): void {
  for (let dueMs = waiting[waitingAt]; dueMs !== undefined; dueMs = waiting[waitingAt]) {
    const line = takeLine();
    if (!line) return;
    waitingAt += 1;
    fetchPage(line, dueMs);
  }
}

process.stdout.write(`${spanBegins}\n`);
const startMs = now();
for (let come = 0; come < job.readers; ) {
  const elapsed = Math.min(now() - startMs, job.withinMs);
  const goal = Math.floor((elapsed * job.readers) / job.withinMs);
  for (; come < goal; come++) waiting.push(startMs + (come * job.withinMs) / job.readers);
  serveWaiting();
  await sleep(1);
}
const until = now() + patienceMs;
while ((busy > 0 || waitingAt < waiting.length) && now() < until) await sleep(5);
process.stdout.write(`${spanEnds}\n`);
const report: HerdReport = {
  pages: pages.report(),
  votes: votes.report(),
  ms: Math.max(pages.lastMs, votes.lastMs) - startMs,
};
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exit(0);
