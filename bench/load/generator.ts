/**
 * The load generator: a process of its own, so that its CPU time is known and separate from the server's.
 *
 * Raw sockets, one request in flight on each (no pipelining), requests that are a few joined strings, one
 * read buffer for each connection, nothing parsed but the status and the length. A general client costs
 * more than the server under test.
 *
 * Open loop: a request is due at its time whether or not earlier ones were answered. Its latency counts from
 * that time, not from when a connection became free.
 *
 * Reads its job (JSON) from standard input; prints its report (JSON) as the last line.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Job, Report } from "./job.ts";

const bucketUs = 100;
const buckets = 100_000;
const patienceMs = 5_000;
const lastChunk = "\r\n0\r\n\r\n";

const job = JSON.parse(readFileSync(0, "utf8")) as Job;
const latencies = new Uint32Array(buckets);
const statuses = new Map<number, number>();
const run = Math.floor(Math.random() * 0xffff_ffff)
  .toString(16)
  .padStart(8, "0");

let due = 0;
let sent = 0;
let answered = 0;
let broken = 0;
let counting = false;
let countedAnswers = 0;
let waited = 0;

const now = () => performance.now();

/** Each request is another voter: the identity is derived from the ballot id. */
function nextRequest(): string {
  const serial = (sent++).toString(16).padStart(12, "0");
  if (job.bodyAfter === undefined) return job.head;
  const path = job.heads?.[sent % job.heads.length] ?? job.head;
  return `${path}${job.bodyBefore}${run}-${serial.slice(8)}-4000-8000-${serial}${job.bodyAfter}`;
}

function count(status: number, fromMs: number): void {
  answered += 1;
  statuses.set(status, (statuses.get(status) ?? 0) + 1);
  if (!counting) return;
  countedAnswers += 1;
  const bucket = Math.min(buckets - 1, Math.floor(((now() - fromMs) * 1000) / bucketUs));
  latencies[bucket] = (latencies[bucket] ?? 0) + 1;
}

class Line {
  readonly #socket: Socket;
  readonly #onFree: (line: Line) => void;
  #dueMs = 0;
  #status = 0;
  /** Bytes of the answer still missing; 0: none is awaited, or its head has not arrived. */
  #left = 0;
  /** The received part of a chunked answer's end. */
  #tail: string | undefined;
  #head = "";
  busy = false;

  constructor(onFree: (line: Line) => void) {
    this.#onFree = onFree;
    const buffer = Buffer.allocUnsafe(64 * 1024);
    this.#socket = connect({
      host: job.host,
      port: job.port,
      noDelay: true,
      onread: {
        buffer,
        callback: length => {
          this.#receive(buffer, length);
          return true;
        },
      },
    });
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => {
      if (this.busy) broken += 1;
    });
  }

  ready(): Promise<unknown> {
    return once(this.#socket, "connect");
  }

  get dead(): boolean {
    return this.#socket.destroyed;
  }

  send(dueMs: number): void {
    this.busy = true;
    this.#dueMs = dueMs;
    this.#socket.write(nextRequest(), "latin1");
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(buffer: Buffer, length: number): void {
    if (this.#tail !== undefined) {
      this.#seeChunks(buffer.toString("latin1", Math.max(0, length - lastChunk.length), length));
      return;
    }
    if (this.#left > 0) {
      this.#left -= length;
      if (this.#left <= 0) this.#finish();
      return;
    }
    const text = this.#head + buffer.toString("latin1", 0, Math.min(length, 2048));
    const end = text.indexOf("\r\n\r\n");
    if (end === -1) {
      this.#head = text;
      return;
    }
    this.#status =
      (text.charCodeAt(9) - 48) * 100 +
      (text.charCodeAt(10) - 48) * 10 +
      (text.charCodeAt(11) - 48);
    const at = text.search(/\r\ncontent-length: /i);
    const sized = at !== -1 && at < end;
    if (!sized && /\r\ntransfer-encoding: chunked/i.test(text)) {
      this.#tail = this.#head;
      this.#head = "";
      this.#seeChunks(buffer.toString("latin1", Math.max(0, length - lastChunk.length), length));
      return;
    }
    const bodyLength = sized ? Number.parseInt(text.slice(at + 18, at + 30), 10) : 0;
    this.#left = end + 4 + bodyLength - this.#head.length - length;
    this.#head = "";
    if (this.#left <= 0) this.#finish();
  }

  #seeChunks(more: string): void {
    this.#tail = ((this.#tail ?? "") + more).slice(-lastChunk.length);
    if (this.#tail !== lastChunk) return;
    this.#tail = undefined;
    this.#finish();
  }

  #finish(): void {
    this.#left = 0;
    this.busy = false;
    count(this.#status, this.#dueMs);
    this.#onFree(this);
  }
}

/** Closed loop: the next request follows the answer. */
async function closedLoop(): Promise<void> {
  let stop = false;
  const lines = Array.from(
    { length: job.connections },
    () =>
      new Line(line => {
        if (!stop) line.send(now());
      }),
  );
  await Promise.all(lines.map(line => line.ready()));
  for (const line of lines) line.send(now());
  await sleep(job.warmUpMs);
  begin();
  await sleep(job.measureMs);
  end();
  stop = true;
  await settle(lines);
  due = sent;
}

/** Open loop: a fixed rate, whatever the answers do. */
async function openLoop(rate: number): Promise<void> {
  const free: Line[] = [];
  const waiting: number[] = [];
  let waitingAt = 0;
  const lines = Array.from(
    { length: job.connections },
    () =>
      new Line(line => {
        const next = waiting[waitingAt];
        if (next === undefined) {
          free.push(line);
          return;
        }
        waitingAt += 1;
        line.send(next);
      }),
  );
  await Promise.all(lines.map(line => line.ready()));
  free.push(...lines);
  const startMs = now();
  let issued = 0;
  const issue = () => {
    const elapsed = now() - startMs;
    if (!counting && elapsed >= job.warmUpMs && report.startedCpuUs === 0) begin();
    const goal = Math.floor((Math.min(elapsed, job.warmUpMs + job.measureMs) * rate) / 1000);
    for (; issued < goal; issued++) {
      const dueMs = startMs + (issued * 1000) / rate;
      const line = free.pop();
      if (line) line.send(dueMs);
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

const report = { startedCpuUs: 0, cpuUs: 0, startedMs: 0, ms: 0 };

function begin(): void {
  counting = true;
  const { user, system } = process.cpuUsage();
  report.startedCpuUs = user + system;
  report.startedMs = now();
}

function end(): void {
  counting = false;
  const { user, system } = process.cpuUsage();
  report.cpuUs = user + system - report.startedCpuUs;
  report.ms = now() - report.startedMs;
}

async function settle(lines: readonly Line[], more: () => boolean = () => false): Promise<void> {
  const until = now() + patienceMs;
  while ((more() || lines.some(line => line.busy && !line.dead)) && now() < until) await sleep(5);
  for (const line of lines) line.close();
}

function percentile(share: number): number {
  const goal = Math.ceil(countedAnswers * share);
  let seen = 0;
  for (let bucket = 0; bucket < buckets; bucket++) {
    seen += latencies[bucket] ?? 0;
    if (seen >= goal) return ((bucket + 1) * bucketUs) / 1000;
  }
  return (buckets * bucketUs) / 1000;
}

await (job.rate === undefined ? closedLoop() : openLoop(job.rate));
const result: Report = {
  due,
  sent,
  answered,
  broken,
  waitedForConnection: waited,
  counted: countedAnswers,
  ms: report.ms,
  cpuUs: report.cpuUs,
  statuses: Object.fromEntries(statuses),
  p50Ms: percentile(0.5),
  p90Ms: percentile(0.9),
  p99Ms: percentile(0.99),
  p999Ms: percentile(0.999),
  maxMs: percentile(1),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
