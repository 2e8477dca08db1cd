/**
 * The load generator: a process of its own, so that its CPU time is known and separate from the server's.
 *
 * Raw sockets, one request in flight on each, requests that are a few joined strings.
 *
 * Open loop: a request is due at its time whether or not earlier ones were answered. Its latency counts from
 * that time, not from when a connection became free.
 *
 * Reads its job (JSON) from standard input; says when it begins and ends counting; prints its report (JSON) as the last
 * line.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Job, type Report, spanBegins, spanEnds } from "./job.ts";
import { Latencies } from "./latencies.ts";
import { Line } from "./line.ts";
import { Requests } from "./requests.ts";

const patienceMs = 5_000;

const job = JSON.parse(readFileSync(0, "utf8")) as Job;
const requests = new Requests(job);
const latencies = new Latencies();
const statuses = new Map<number, number>();

let due = 0;
let answered = 0;
let broken = 0;
let counting = false;
let waited = 0;

const now = () => performance.now();

function count(status: number, fromMs: number): void {
  answered += 1;
  statuses.set(status, (statuses.get(status) ?? 0) + 1);
  if (counting) latencies.add(now() - fromMs);
}

/** Opens all connections; each says when it has its answer. */
async function openLines(onFree: (line: Line) => void): Promise<Line[]> {
  const onAnswer = (line: Line, status: number) => {
    count(status, line.dueMs);
    onFree(line);
  };
  const onEnd = (_line: Line, waiting: boolean) => {
    if (waiting) broken += 1;
  };
  const { host, port, connections } = job;
  const lines = Array.from(
    { length: connections },
    () => new Line({ host, port, onAnswer, onEnd }),
  );
  await Promise.all(lines.map(line => line.ready()));
  return lines;
}

/** Closed loop: the next request follows the answer. */
async function closedLoop(): Promise<void> {
  let stop = false;
  const lines = await openLines(line => {
    if (!stop) line.send(requests.next(), now());
  });
  for (const line of lines) line.send(requests.next(), now());
  await sleep(job.warmUpMs);
  begin();
  await sleep(job.measureMs);
  end();
  stop = true;
  await settle(lines);
  due = requests.sent;
}

/** Open loop: a fixed rate, whatever the answers do. */
async function openLoop(rate: number): Promise<void> {
  const free: Line[] = [];
  const waiting: number[] = [];
  let waitingAt = 0;
  const lines = await openLines(line => {
    const next = waiting[waitingAt];
    if (next === undefined) {
      free.push(line);
      return;
    }
    waitingAt += 1;
    line.send(requests.next(), next);
  });
  free.push(...lines);
  const startMs = now();
  let issued = 0;
  const issue = () => {
    const elapsed = now() - startMs;
    if (!counting && elapsed >= job.warmUpMs && used.startedCpuUs === 0) begin();
    const goal = Math.floor((Math.min(elapsed, job.warmUpMs + job.measureMs) * rate) / 1000);
    for (; issued < goal; issued++) {
      const dueMs = startMs + (issued * 1000) / rate;
      const line = free.pop();
      if (line) line.send(requests.next(), dueMs);
      else {
        waited += 1;
        waiting.push(dueMs);
      }
    }
  };
  while (now() - startMs < job.warmUpMs + job.measureMs) {
    issue();
    await sleep(1);
  }
  issue();
  due = issued;
  await settle(lines, () => waitingAt < waiting.length);
  end();
}

const used = { startedCpuUs: 0, cpuUs: 0, startedMs: 0, ms: 0 };

function begin(): void {
  process.stdout.write(`${spanBegins}\n`);
  counting = true;
  const { user, system } = process.cpuUsage();
  used.startedCpuUs = user + system;
  used.startedMs = now();
}

function end(): void {
  counting = false;
  const { user, system } = process.cpuUsage();
  used.cpuUs = user + system - used.startedCpuUs;
  used.ms = now() - used.startedMs;
  process.stdout.write(`${spanEnds}\n`);
}

async function settle(lines: readonly Line[], more: () => boolean = () => false): Promise<void> {
  const until = now() + patienceMs;
  while ((more() || lines.some(line => line.busy && !line.dead)) && now() < until) await sleep(5);
  for (const line of lines) line.close();
}

await (job.rate === undefined ? closedLoop() : openLoop(job.rate));
const result: Report = {
  due,
  sent: requests.sent,
  answered,
  broken,
  waitedForConnection: waited,
  counted: latencies.count,
  ms: used.ms,
  cpuUs: used.cpuUs,
  statuses: Object.fromEntries(statuses),
  p50Ms: latencies.percentile(0.5),
  p90Ms: latencies.percentile(0.9),
  p99Ms: latencies.percentile(0.99),
  p999Ms: latencies.percentile(0.999),
  maxMs: latencies.percentile(1),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
