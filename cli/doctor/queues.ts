/**
 * The queues as memcached and MySQL tell of them: whether the two can be true together.
 *
 * In a queue's life everything goes up, and nothing overtakes: the checkpoint that the fronts are told, MySQL's
 * checkpoint, the pointer. They are read in this order, the pointer last: so a healthy queue can't look broken
 * while fronts and workers go on.
 */
import type { Config } from "#lib/config/config.ts";
import type { MemcachedClient } from "#lib/memcached/client.ts";
import { isMemcachedFailure } from "#lib/memcached/failure.ts";
import { checkpointKey, epochKey, pointerKey } from "#lib/memcached/keys.ts";
import { counterValue, Pipeline } from "#lib/memcached/pipeline.ts";
import type { Epoch, QueueName } from "#lib/model/ids.ts";
import { allQueueNames } from "#lib/queue/queue-names.ts";
import { type Checkpoint, openCheckpoints, readCheckpoint } from "#lib/store/checkpoints.ts";
import type { Store } from "#lib/store/database.ts";
import { type Finding, orWell, wrong } from "./finding.ts";

const about = "queues";
const section = "queues-and-checkpoints-do-not-fit";

/** One queue's numbers, read in the order of their names here. */
export interface QueueNumbers {
  readonly server: string;
  readonly queue: QueueName;
  readonly epoch: Epoch;
  /** `undefined`: nothing was flushed in this life yet. */
  readonly published: number | undefined;
  /** MySQL's; `undefined`: no worker has seen this life. `"closed"`: it is over, by MySQL. */
  readonly committed: number | "closed" | undefined;
  /** `undefined`: there is none, and without one the life is over. */
  readonly pointer: number | undefined;
}

/**
 * All queues of the servers that answer.
 *
 * @throws StoreFailure.
 */
export async function checkQueues(
  servers: readonly MemcachedClient[],
  store: Store,
  config: Config,
): Promise<Finding[]> {
  const names = allQueueNames(config.queueHomes);
  const looked = await Promise.all(servers.map(server => publishedOf(server, names)));
  const open = await openCheckpoints(store);
  const known = new Map(open.map(({ epoch, slot }) => [epoch, slot]));
  const numbers: QueueNumbers[] = [];
  for (const [index, server] of servers.entries()) {
    for (const queue of looked[index] ?? []) {
      const row = known.get(queue.epoch) ?? (await closedOrUnknown(store, queue.epoch));
      numbers.push({ ...queue, committed: row, pointer: await pointerOf(server, queue) });
    }
  }
  const found = [...numbers.flatMap(judgeQueue), ...judgeCheckpoints(open, config)];
  return orWell(found, about, `${numbers.length} in use, and checkpoints fit them`);
}

type Published = Pick<QueueNumbers, "server" | "queue" | "epoch" | "published">;

async function publishedOf(
  server: MemcachedClient,
  names: readonly QueueName[],
): Promise<readonly Published[]> {
  try {
    const first = new Pipeline();
    const epochs = names.map(queue => ({ queue, op: first.get(epochKey(queue)) }));
    const r1 = await server.read(first);
    const alive = epochs.flatMap(({ queue, op }) => {
      const epoch = r1.of(op)?.toString() as Epoch | undefined;
      return epoch ? [{ queue, epoch }] : [];
    });
    const second = new Pipeline();
    const ops = alive.map(({ queue, epoch }) => second.get(checkpointKey(queue, epoch)));
    const r2 = await server.read(second);
    return alive.map(({ queue, epoch }, index) => {
      const op = ops[index];
      const value = op && counterValue(r2.of(op));
      const published = typeof value === "bigint" ? Number(value) : undefined;
      return { server: server.name, queue, epoch, published };
    });
  } catch (error) {
    // That it is away is said elsewhere.
    if (!isMemcachedFailure(error)) throw error;
    return [];
  }
}

async function closedOrUnknown(store: Store, epoch: Epoch): Promise<"closed" | undefined> {
  return (await readCheckpoint(store, epoch)) ? "closed" : undefined;
}

async function pointerOf(
  server: MemcachedClient,
  { queue, epoch }: Published,
): Promise<number | undefined> {
  const p = new Pipeline();
  const op = p.get(pointerKey(queue, epoch));
  const value = counterValue((await server.read(p)).of(op));
  return value === null ? undefined : Number(value);
}

/** What can't be true of one queue. */
export function judgeQueue(numbers: QueueNumbers): Finding[] {
  const { server, queue, epoch, published, committed, pointer } = numbers;
  const name = `queue ${queue} on ${server}`;
  const say = (says: string, todo: string) => [wrong(name, section, says, todo)];
  if (pointer === undefined) {
    return say(
      `its epoch ${epoch} is there and its pointer is not: something else deletes or evicts keys`,
      "The next vote begins a new life by itself. Find out what uses this memcached besides Floodgate, and whether it runs with -M.",
    );
  }
  if (committed === "closed") {
    return say(
      `MySQL says that its life ${epoch} is over, and memcached still has it: votes in it are not counted`,
      "Was MySQL restored from a backup, or does DATABASE_URL name another site's? See the runbook before anything else.",
    );
  }
  if (typeof committed === "number" && committed > pointer) {
    return say(
      `MySQL has slot ${committed}, and the newest in memcached is ${pointer}: the two are of different sites, or one went back in time`,
      "Make sure that DATABASE_URL and the memcached servers belong together.",
    );
  }
  if (published !== undefined && published > (committed ?? 0)) {
    return say(
      `fronts were told that slots up to ${published} are in MySQL, and it has them up to ${committed ?? 0}: it went back in time`,
      "After a fail-over or a restored backup. What memcached and fronts still hold comes by itself; `npm run recount` and the books say what does not.",
    );
  }
  return [];
}

/** Checkpoints that nobody moves: of servers and homes that are not in the configuration. */
export function judgeCheckpoints(
  open: readonly Pick<Checkpoint, "server" | "queue">[],
  config: Pick<Config, "queueServers" | "queueHomes">,
): Finding[] {
  const servers = new Set(config.queueServers.map(({ host, port }) => `${host}:${port}`));
  const names = new Set(allQueueNames(config.queueHomes));
  const strangers = new Set(
    open.filter(({ server }) => !servers.has(server)).map(({ server }) => server),
  );
  const dropped = open.filter(({ server, queue }) => servers.has(server) && !names.has(queue));
  return [
    ...[...strangers].map(server =>
      wrong(
        about,
        section,
        `MySQL knows queues on ${server}, which is not in the settings: what waits there is not flushed`,
        "Name it in FLOODGATE_QUEUE_SERVERS again, by the same host and port, until it is empty. If it is gone for good, see the runbook.",
      ),
    ),
    ...(dropped.length > 0
      ? [
          wrong(
            about,
            section,
            `${dropped.length} queues are beyond FLOODGATE_QUEUE_HOMES=${config.queueHomes}: what waits in them is not flushed`,
            "Set FLOODGATE_QUEUE_HOMES to what it was, until they are empty.",
          ),
        ]
      : []),
  ];
}
