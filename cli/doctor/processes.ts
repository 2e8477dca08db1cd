/** Our own processes on this machine: whether the worker flushes, and whether the front takes votes. */
import { monotonicMs, SECOND, sleep, wallMs } from "#lib/base/clock.ts";
import { duration, plural } from "#lib/base/human-readable.ts";
import type { Config } from "#lib/config/config.ts";
import type { AddressFault } from "#lib/http/client-address.ts";
import type { MemcachedClient } from "#lib/memcached/client.ts";
import { type QueueDepth, readQueueDepths } from "#lib/queue/depth.ts";
import { allQueueNames } from "#lib/queue/queue-names.ts";
import type { Readiness } from "#lib/web/readiness.ts";
import { type Finding, ok, warn, wrong } from "./finding.ts";

const answerMsMax = 2 * SECOND;
/** With cron every minute, a ballot may wait for a minute and one pass. */
const waitMsMax = 90 * SECOND;
/** For so long, and the grace time of a missing slot, a worker may flush nothing of a queue. */
const watchMs = 4 * SECOND;
const watchStepMs = 200;

/**
 * What waits, whether a worker runs, and whether it flushes. Reads memcached and asks the worker for its health. While
 * slots wait, it watches for some seconds whether they are flushed.
 */
export async function checkWorker(
  config: Config,
  queueServers: readonly MemcachedClient[],
): Promise<Finding[]> {
  const read = () => readQueues(config, queueServers);
  const [health, queues] = await Promise.all([
    askHealth(urlOf(config.workerHost, config.workerPort, "/healthz")),
    read(),
  ]);
  const withinMs = watchMs + config.queueGraceMs;
  const still = health === "none" ? [] : await stillQueues(queues, read, withinMs);
  const address = `${config.workerHost}:${config.workerPort}`;
  const allAnswer = queueServers.every(({ available }) => available);
  const facts = { health, queues, allAnswer, still, watchedMs: withinMs };
  return judgeWorker({ ...facts, nowMs: wallMs(), address });
}

/** The queues on the servers that answer. */
async function readQueues(
  config: Pick<Config, "queueHomes">,
  queueServers: readonly MemcachedClient[],
): Promise<QueueDepth[]> {
  const names = allQueueNames(config.queueHomes);
  const depths = await Promise.all(queueServers.map(server => readQueueDepths(server, names)));
  return depths.flatMap(queues => queues ?? []);
}

/** Slots that wait now, on the servers that answer. */
export async function countSlots(
  config: Pick<Config, "queueHomes">,
  queueServers: readonly MemcachedClient[],
): Promise<number> {
  const queues = await readQueues(config, queueServers);
  return queues.reduce((sum, { slots }) => sum + slots, 0);
}

/** Those of `before` whose slots wait and of which none is flushed in time. */
export async function stillQueues(
  before: readonly QueueDepth[],
  read: () => Promise<readonly QueueDepth[]>,
  withinMs: number,
): Promise<QueueDepth[]> {
  let still = before.filter(({ slots }) => slots > 0);
  const startedMs = monotonicMs();
  while (still.length > 0 && monotonicMs() - startedMs < withinMs) {
    await sleep(watchStepMs);
    const now = new Map((await read()).map(queue => [queue.epoch, queue]));
    still = still.filter(queue => now.get(queue.epoch)?.checkpoint === queue.checkpoint);
  }
  return still;
}

type Health = "ok" | "stale" | "none";

/** What was seen of the worker and the queues. */
export interface WorkerFacts {
  readonly health: Health;
  readonly queues: readonly Pick<QueueDepth, "slots" | "oldestAtMs">[];
  /** False: what waits on a server that is away is not known. */
  readonly allAnswer: boolean;
  /** The queues of which nothing was flushed while they were watched. */
  readonly still: readonly Pick<QueueDepth, "server" | "queue" | "slots">[];
  readonly watchedMs: number;
  readonly nowMs: number;
  readonly address: string;
}

export function judgeWorker(facts: WorkerFacts): Finding[] {
  const { health, queues, allAnswer, still, watchedMs, nowMs, address } = facts;
  const slots = queues.reduce((sum, queue) => sum + queue.slots, 0);
  const waitMs = Math.max(0, ...queues.map(({ oldestAtMs = nowMs }) => nowMs - oldestAtMs));
  const waiting =
    slots === 0
      ? `nothing waits${allAnswer ? "" : " on the memcached servers that answer"}`
      : `${plural(slots, "slot")} of ballots waiting, for ${duration(waitMs)} at most`;
  const found: Finding[] = [];
  const stale = health === "stale" ? ["no pass has finished for a while"] : [];
  const stuck = still.map(
    queue =>
      `${plural(queue.slots, "slot")} of ${queue.queue} on ${queue.server} stood still for ${duration(watchedMs)}`,
  );
  if (stale.length + stuck.length > 0 || waitMs > waitMsMax) {
    found.push(
      wrong(
        "worker",
        "the-flush-is-stale",
        [...stale, ...stuck, waiting].join("; "),
        "Votes are safe in memcached until it is full. The worker's page and log say what fails.",
      ),
    );
  }
  if (health === "none") {
    const todo =
      "`npm run worker`, or `systemctl start floodgate-worker`; with cron, or a worker on another machine, this is fine as long as nothing waits for long.";
    const say = slots > 0 ? wrong : warn;
    found.push(say("worker", "no-worker", `no worker answers at ${address}; ${waiting}`, todo));
  }
  if (found.length > 0) return found;
  return [ok("worker", `${slots === 0 ? "answers" : "flushes"}; ${waiting}`)];
}

const addressFaults: Readonly<Record<AddressFault, string>> = {
  unreadable:
    "a trusted proxy names readers with something that is no address: all of them, and all editors, share one limit",
  proxy_not_trusted:
    "a proxy that FLOODGATE_TRUSTED_PROXIES does not name sends readers' addresses: they are ignored, and all readers and editors share one limit",
};

/** Whether the front on this machine takes votes, and at which degradation step. */
export async function checkFront(config: Config): Promise<Finding[]> {
  const body = await askJson(urlOf(config.host, config.port, "/readyz"));
  return judgeFront((body ?? {}) as Partial<Readiness>, `${config.host}:${config.port}`);
}

/** @param readiness - of the front; empty when none answers at `address`. */
export function judgeFront(readiness: Partial<Readiness>, address: string): Finding[] {
  const { status, step, pages, clientAddresses = [] } = readiness;
  if (status === undefined) {
    const todo =
      "`npm start`, or `systemctl start floodgate-front`; on a machine with only a worker, this is fine.";
    return [warn("front", "votes-are-refused", `no front answers at ${address}`, todo)];
  }
  const addresses = clientAddresses.map(fault =>
    warn("front", "settings", addressFaults[fault], "See “Behind a proxy” in deploy/README.md."),
  );
  if (status === "ok") return [ok("front", "takes votes"), ...addresses];
  const studio = pages === "away" ? "; the studio and receipts are away" : "";
  const says =
    status === "unavailable" ? "refuses votes" : `takes votes, degraded: ${step}${studio}`;
  return [
    wrong(
      "front",
      "votes-are-refused",
      says,
      "Solve the other problems in this list; the front recovers by itself.",
    ),
    ...addresses,
  ];
}

/** A process bound to every address is asked on loopback. */
function urlOf(host: string, port: number, path: string): string {
  const name = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host;
  return `http://${name}:${port}${path}`;
}

async function askHealth(url: string): Promise<Health> {
  const { status } = ((await askJson(url)) ?? {}) as { status?: string };
  return status === "ok" || status === "stale" ? status : "none";
}

/** `undefined`: nothing answers there, or something other than Floodgate. */
async function askJson(url: string): Promise<unknown> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(answerMsMax) });
    return await response.json();
  } catch {
    return undefined;
  }
}
