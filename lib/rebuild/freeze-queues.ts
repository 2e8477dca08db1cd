/**
 * Holding every queue still for a moment: all locks of all queues that exist, so that no front is
 * between its slot and its tallies. For rebuilding tallies, and nothing else.
 *
 * Lock order: servers in the order of the configuration, like fronts (`producer.ts`), which hold one lock of
 * a server at most and, while they wait for it, none of a later server: nobody waits in a circle. Of one
 * server all locks are asked for at once. So two who hold still at the same time may each have some of them;
 * both give up then, soon.
 *
 * Invariant: the locks are leases. `sureUntilMs` is the moment until which all of them are surely still
 *   ours; what is not written by then must not be written at all.
 */
import { monotonicMs, SECOND, sleep } from "../base/clock.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { MemcachedFailure } from "../memcached/failure.ts";
import { lockKey } from "../memcached/keys.ts";
import { Pipeline } from "../memcached/pipeline.ts";
import type { QueueName } from "../model/ids.ts";
import { askForLock, leaseSurelyOursMs } from "../queue/producer.ts";
import { type QueueState, readQueues } from "../queue/slots.ts";

export interface FrozenQueue {
  readonly server: MemcachedClient;
  readonly look: QueueState;
}

export interface Freeze {
  /** The queues as they stand now that nobody writes. */
  readonly queues: readonly FrozenQueue[];
  /** Monotonic time until which the locks are surely ours. */
  readonly sureUntilMs: number;
  release(): Promise<void>;
}

/** Of the lease, at most this much may go into getting the other locks. */
const acquireMsMax = 0.4 * SECOND;

/**
 * Takes the locks.
 *
 * @throws MemcachedFailure `not_sent` when they could not all be had in time; none is held then.
 */
export async function freezeQueues(
  servers: readonly MemcachedClient[],
  names: readonly QueueName[],
): Promise<Freeze> {
  const startedMs = monotonicMs();
  const locked: FrozenQueue[] = [];
  const release = async () => {
    if (monotonicMs() - startedMs > leaseSurelyOursMs) return;
    await onEachServer(locked, async (server, held) => {
      const p = new Pipeline();
      for (const { look } of held) p.delete(lockKey(look.queue, look.epoch));
      await server.send(p);
    });
  };
  try {
    for (const server of servers) await lockServer(server, names, startedMs, locked);
    const queues = (
      await Promise.all(
        servers.map(async server =>
          (await readQueues(server, names)).map(look => ({ server, look })),
        ),
      )
    ).flat();
    const strangers = queues.filter(
      ({ look }) => !locked.some(held => held.look.epoch === look.epoch),
    );
    if (strangers.length > 0) throw new MemcachedFailure("not_sent", "a queue was just born");
    return { queues, sureUntilMs: startedMs + leaseSurelyOursMs, release };
  } catch (error) {
    await release().catch(() => {});
    throw error;
  }
}

async function lockServer(
  server: MemcachedClient,
  names: readonly QueueName[],
  startedMs: number,
  locked: FrozenQueue[],
): Promise<void> {
  let wanted = await readQueues(server, names);
  while (wanted.length > 0) {
    const p = new Pipeline();
    const ops = wanted.map(look => ({
      look,
      op: askForLock(p, look.queue, look.epoch),
    }));
    const r = await server.send(p);
    const got = ops.filter(({ op }) => r.of(op) === 1n).map(({ look }) => look);
    locked.push(...got.map(look => ({ server, look })));
    wanted = wanted.filter(look => !got.includes(look));
    if (wanted.length === 0) return;
    if (monotonicMs() - startedMs > acquireMsMax) {
      throw new MemcachedFailure("not_sent", "not all locks could be had in time");
    }
    await sleep(1 + Math.random());
  }
}

async function onEachServer(
  held: readonly FrozenQueue[],
  work: (server: MemcachedClient, held: readonly FrozenQueue[]) => Promise<void>,
): Promise<void> {
  const servers = new Set(held.map(({ server }) => server));
  await Promise.all(
    [...servers].map(server =>
      work(
        server,
        held.filter(other => other.server === server),
      ),
    ),
  );
}
