/**
 * One producer as a process, for the queue alone: batches of a fixed size, one after the other, for a
 * fixed time. Prints its report (JSON) as the last line.
 */
import { randomBytes } from "node:crypto";
import { monotonicMs } from "#lib/base/clock.ts";
import { MemcachedClient } from "#lib/memcached/client.ts";
import type { Ballot } from "#lib/model/ballot.ts";
import type { BallotId, BatchId, PollId, VoterKey } from "#lib/model/ids.ts";
import { enqueueBatch, type Targets } from "#lib/queue/batch-write.ts";
import { QueueProducer } from "#lib/queue/producer.ts";
import { queueName } from "#lib/queue/queue-names.ts";

export interface ProducerJob {
  readonly ports: readonly number[];
  readonly home: number;
  readonly batch: number;
  /** Ends after this time, or after this many ballots. */
  readonly ms?: number;
  readonly ballots?: number;
  readonly pollId: number;
}

export interface ProducerReport {
  readonly ballots: number;
  readonly rounds: number;
  readonly ms: number;
  /** Rounds whose batch needed more than one write. */
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const job = JSON.parse(process.argv[2] ?? "{}") as ProducerJob;
const servers = job.ports.map(port => new MemcachedClient({ host: "127.0.0.1", port }));
const queue = queueName("normal", job.home);
const targets: Targets = {
  queues: servers.map(server => [new QueueProducer(queue, server)]),
  copies: servers.length,
  order: servers,
};

function ballots(count: number): Ballot[] {
  return Array.from({ length: count }, () => ({
    pollId: job.pollId as PollId,
    kind: "choice",
    voter: randomBytes(16).toString("hex") as VoterKey,
    ballotId: randomBytes(16).toString("hex") as BallotId,
    receivedAtMs: Date.now(),
    revision: 0,
    choices: Uint8Array.of(1),
    tallied: false,
  }));
}

const startedMs = monotonicMs();
const times: number[] = [];
let done = 0;
let failed = 0;
const more = () =>
  job.ballots === undefined ? monotonicMs() - startedMs < (job.ms ?? 0) : done < job.ballots;
while (more()) {
  const batch = {
    id: randomBytes(12) as BatchId,
    ballots: ballots(job.batch),
    talliesDoubtful: false,
  };
  const beganMs = monotonicMs();
  const result = await enqueueBatch(targets, batch, monotonicMs() + 2_000);
  times.push(monotonicMs() - beganMs);
  if (result.outcome === "enqueued") done += job.batch;
  else failed += 1;
}
const sorted = times.sort((a, b) => a - b);
const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
const report: ProducerReport = {
  ballots: done,
  rounds: times.length,
  ms: monotonicMs() - startedMs,
  failed,
  p50Ms: at(0.5),
  p99Ms: at(0.99),
};
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
