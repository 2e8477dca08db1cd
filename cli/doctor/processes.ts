/** Our own processes on this machine: whether the worker flushes, and whether the front takes votes. */
import { SECOND, wallMs } from "#lib/base/clock.ts";
import { duration, plural } from "#lib/base/human-readable.ts";
import type { Config } from "#lib/config/config.ts";
import type { MemcachedClient } from "#lib/memcached/client.ts";
import { type LaneDepth, readDepth } from "#lib/queue/depth.ts";
import { allQueueNames } from "#lib/queue/queue-names.ts";
import type { Readiness } from "#lib/web/readiness.ts";
import { type Finding, ok, warn, wrong } from "./finding.ts";

const answerMsMax = 2 * SECOND;
/** With cron every minute, a ballot may wait for a minute and one pass. */
const waitMsMax = 90 * SECOND;

/** What waits, and whether a worker runs. Reads memcached and asks the worker for its health. */
export async function checkWorker(
  config: Config,
  queueServers: readonly MemcachedClient[],
): Promise<Finding[]> {
  const names = allQueueNames(config.queueHomes);
  const [worker, ...depths] = await Promise.all([
    askHealth(urlOf(config.workerHost, config.workerPort, "/healthz")),
    ...queueServers.map(server => readDepth(server, names)),
  ]);
  const lanes = depths.flatMap(lane => lane ?? []);
  return judgeWorker(worker, lanes, wallMs(), `${config.workerHost}:${config.workerPort}`);
}

type Health = "ok" | "stale" | "none";

export function judgeWorker(
  health: Health,
  lanes: readonly Pick<LaneDepth, "slots" | "oldestAtMs">[],
  nowMs: number,
  address: string,
): Finding[] {
  const slots = lanes.reduce((sum, lane) => sum + lane.slots, 0);
  const waitMs = Math.max(0, ...lanes.map(({ oldestAtMs = nowMs }) => nowMs - oldestAtMs));
  const waiting =
    slots === 0
      ? "nothing waits"
      : `${plural(slots, "slot")} of ballots waiting, for ${duration(waitMs)} at most`;
  const found: Finding[] = [];
  if (health === "stale" || waitMs > waitMsMax) {
    found.push(
      wrong(
        "worker",
        "the-flush-is-stale",
        health === "stale" ? `no pass has finished for a while; ${waiting}` : waiting,
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
  return found.length > 0 ? found : [ok("worker", `flushes; ${waiting}`)];
}

/** Whether the front on this machine takes votes, and at which degradation step. */
export async function checkFront(config: Config): Promise<Finding[]> {
  const body = await askJson(urlOf(config.host, config.port, "/readyz"));
  const { status, step, pages } = (body ?? {}) as Partial<Readiness>;
  if (status === undefined) {
    const todo =
      "`npm start`, or `systemctl start floodgate-front`; on a machine with only a worker, this is fine.";
    const address = `${config.host}:${config.port}`;
    return [warn("front", "votes-are-refused", `no front answers at ${address}`, todo)];
  }
  if (status === "ok") return [ok("front", "takes votes")];
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
