/**
 * The queues according to memcached and according to MySQL: whether both can be true.
 *
 * Within an epoch all numbers only grow, and always published checkpoint ≤ MySQL's checkpoint ≤ pointer. They are
 * read in this order, the pointer last, so that a healthy queue cannot look broken while fronts and workers go on.
 */
import type { Config } from "#lib/config/config.ts";
import type { MemcachedClient } from "#lib/memcached/client.ts";
import { isMemcachedFailure } from "#lib/memcached/failure.ts";
import { serversUp } from "#lib/memcached/placement.ts";
import type { Epoch, QueueName } from "#lib/model/ids.ts";
import { allQueueNames } from "#lib/queue/queue-names.ts";
import { readCheckpoints, readEpochs, readPointer } from "#lib/queue/slots.ts";
import { type Checkpoint, openCheckpoints, readCheckpoint } from "#lib/store/checkpoints.ts";
import type { Store } from "#lib/store/database.ts";
import { type Finding, findingsOrOk, warn, wrong } from "./finding.ts";

const about = "queues";
const section = "queues-and-checkpoints-do-not-fit";

/** One queue's numbers, read in the order of their names here. */
export interface QueueNumbers {
  readonly server: string;
  readonly queue: QueueName;
  readonly epoch: Epoch;
  /** The published checkpoint; 0: nothing was flushed in this epoch yet. */
  readonly published: number;
  /** MySQL's checkpoint; `undefined`: no worker has seen this epoch. `"closed"`: MySQL says that it is over. */
  readonly committed: number | "closed" | undefined;
  /** `null`: there is none, and without one the epoch is over. */
  readonly pointer: number | null;
}

/**
 * All queues of the servers that answer.
 *
 * @param all - the queue servers of the list.
 *
 * @throws StoreFailure.
 */
export async function checkQueues(
  all: readonly MemcachedClient[],
  store: Store,
  config: Pick<Config, "queueHomes">,
): Promise<Finding[]> {
  const servers = serversUp(all);
  const listed = all.map(({ name }) => name);
  const names = allQueueNames(config.queueHomes);
  const published = await Promise.all(servers.map(server => readPublished(server, names)));
  const open = await openCheckpoints(store);
  const committedOf = new Map(open.map(({ epoch, slot }) => [epoch, slot]));
  const numbers: QueueNumbers[] = [];
  for (const [index, server] of servers.entries()) {
    for (const queue of published[index] ?? []) {
      const committed = committedOf.get(queue.epoch) ?? (await closedOrUnknown(store, queue.epoch));
      const pointer = await readPointer(server, queue.queue, queue.epoch);
      numbers.push({ ...queue, committed, pointer });
    }
  }
  const found = [...numbers.flatMap(judgeQueue), ...judgeCheckpoints(open, listed)];
  return findingsOrOk(found, about, `${numbers.length} in use, and checkpoints fit them`);
}

type Published = Pick<QueueNumbers, "server" | "queue" | "epoch" | "published">;

async function readPublished(
  server: MemcachedClient,
  names: readonly QueueName[],
): Promise<readonly Published[]> {
  try {
    const epochs = await readEpochs(server, names);
    const checkpoints = await readCheckpoints(server, epochs);
    return epochs.map((queue, index) => ({
      ...queue,
      server: server.name,
      published: checkpoints[index] ?? 0,
    }));
  } catch (error) {
    // That it is away is reported elsewhere.
    if (!isMemcachedFailure(error)) throw error;
    return [];
  }
}

async function closedOrUnknown(store: Store, epoch: Epoch): Promise<"closed" | undefined> {
  return (await readCheckpoint(store, epoch)) ? "closed" : undefined;
}

/** Contradictions in one queue's numbers. */
export function judgeQueue(numbers: QueueNumbers): Finding[] {
  const { server, queue, epoch, published, committed, pointer } = numbers;
  const name = `queue ${queue} on ${server}`;
  const say = (says: string, todo: string) => [wrong(name, section, says, todo)];
  if (pointer === null) {
    return say(
      `its epoch ${epoch} is there and its pointer is not: something else deletes or evicts keys`,
      "The next vote starts a new epoch by itself. Find out what else uses this memcached, and whether it runs with -M.",
    );
  }
  if (committed === "closed") {
    return say(
      `MySQL says that its epoch ${epoch} is over, and memcached still has it: votes in it are not counted`,
      "Was MySQL restored from a backup, or does DATABASE_URL name another site's? See the runbook before anything else.",
    );
  }
  if (typeof committed === "number" && committed > pointer) {
    return say(
      `MySQL has slot ${committed}, and the newest in memcached is ${pointer}: the two belong to different sites, or one went back in time`,
      "Make sure that DATABASE_URL and the memcached servers belong together.",
    );
  }
  if (published > (committed ?? 0)) {
    return say(
      `the published checkpoint is ${published}, and MySQL has slots up to ${committed ?? 0}: MySQL went back in time`,
      "This follows a fail-over or a restored backup. What memcached and fronts still hold is flushed again by itself; `floodgate recount` and the books say what is missing.",
    );
  }
  return [];
}

/** Open checkpoints of servers that are not listed any more. */
export function judgeCheckpoints(
  open: readonly Pick<Checkpoint, "server">[],
  listed: readonly string[],
): Finding[] {
  const strangers = new Set(
    open.filter(({ server }) => !listed.includes(server)).map(({ server }) => server),
  );
  return [...strangers].map(server =>
    warn(
      about,
      "the-servers-change",
      `MySQL knows queues on ${server}, which is not in the list of servers any more`,
      "Workers empty them, and give them up when the server stays away: keep it running until this line is gone.",
    ),
  );
}
