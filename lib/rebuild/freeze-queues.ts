/**
 * Freezes the queues: takes all locks of all queues, so that no front is between its slot and its tallies. For
 * rebuilding tallies only.
 *
 * Lock order: servers in the order of the configuration, as in fronts (`producer.ts`). A front holds at most one
 * lock of a server and, while it waits for that, none of a later server, so there is no deadlock. All locks of one
 * server are requested at once: two processes that freeze at the same time may each get some of them, and both
 * give up soon.
 *
 * Invariant: the locks are leases, certainly held until `sureUntilMs`. Nothing may be written after that moment.
 */
import { monotonicMs, sleep } from "../base/clock.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { MemcachedFailure } from "../memcached/failure.ts";
import { lockKey } from "../memcached/keys.ts";
import { Pipeline } from "../memcached/pipeline.ts";
import type { QueueName } from "../model/ids.ts";
import { askForLock, leaseSurelyOursMs, lockWaitMsMax } from "../queue/producer.ts";
import { lockPatienceMs } from "../queue/server-write.ts";
import { type QueueState, readQueues } from "../queue/slots.ts";

export interface FrozenQueue {
  readonly server: MemcachedClient;
  readonly state: QueueState;
}

export interface Freeze {
  /** The queues as they are while frozen. */
  readonly queues: readonly FrozenQueue[];
  /** Monotonic time until which the locks are certainly held. */
  readonly sureUntilMs: number;
  release(): Promise<void>;
}

/** Pause between two questions about locks that are held. */
const askEveryMs = 10;

/**
 * Takes the locks. Votes wait meanwhile, for as long as a front waits for a lock before it takes its holder for dead.
 *
 * @throws MemcachedFailure `not_sent` when not all of them could be acquired in time; none is held then.
 */
export async function freezeQueues(
  servers: readonly MemcachedClient[],
  names: readonly QueueName[],
): Promise<Freeze> {
  const startedMs = monotonicMs();
  const locked: FrozenQueue[] = [];
  const release = async () => {
    if (monotonicMs() - startedMs > leaseSurelyOursMs) return;
    await unlock(locked);
  };
  try {
    for (const server of servers) await lockServer(server, names, startedMs, locked);
    const queues = (
      await Promise.all(
        servers.map(async server =>
          (await readQueues(server, names)).map(state => ({ server, state })),
        ),
      )
    ).flat();
    const epochs = new Set(locked.map(({ state }) => state.epoch));
    if (queues.some(({ state }) => !epochs.has(state.epoch))) {
      throw new MemcachedFailure("not_sent", "a queue was created while the others were locked");
    }
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
    const pipeline = new Pipeline();
    const requests = wanted.map(state => ({
      state,
      op: askForLock(pipeline, state.queue, state.epoch),
    }));
    const replies = await server.send(pipeline);
    const acquired = requests.filter(({ op }) => replies.of(op) === 1n).map(({ state }) => state);
    locked.push(...acquired.map(state => ({ server, state })));
    wanted = wanted.filter(state => !acquired.includes(state));
    if (wanted.length === 0) return;
    if (monotonicMs() - startedMs > lockPatienceMs) {
      throw new MemcachedFailure("not_sent", "the queues' locks could not be acquired in time");
    }
    await sleep(1 + Math.random());
  }
}

async function unlock(locked: readonly FrozenQueue[]): Promise<void> {
  const servers = new Set(locked.map(({ server }) => server));
  await Promise.all(
    [...servers].map(async server => {
      const pipeline = new Pipeline();
      for (const { server: holder, state } of locked) {
        if (holder === server) pipeline.delete(lockKey(state.queue, state.epoch));
      }
      await server.send(pipeline);
    }),
  );
}

/**
 * Waits until each lock has been free once, or a dead front's would be. Holds none, so that votes go on meanwhile: after
 * a freeze that failed, the next one at once would keep them waiting for as long as the dead front's lease lasts.
 *
 * @throws MemcachedFailure.
 */
export async function waitForFreeLocks(
  servers: readonly MemcachedClient[],
  names: readonly QueueName[],
): Promise<void> {
  const untilMs = monotonicMs() + lockWaitMsMax;
  const waitFor = async (server: MemcachedClient) => {
    let held = await readQueues(server, names);
    while (held.length > 0 && monotonicMs() < untilMs) {
      const pipeline = new Pipeline();
      const requests = held.map(state => ({
        state,
        lock: pipeline.get(lockKey(state.queue, state.epoch)),
      }));
      const replies = await server.read(pipeline);
      held = requests.filter(({ lock }) => replies.of(lock)).map(({ state }) => state);
      if (held.length > 0) await sleep(askEveryMs * (1 + Math.random()));
    }
  };
  await Promise.all(servers.map(waitFor));
}
