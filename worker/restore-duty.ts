/** The duty after a restore: polls are published as MySQL has them now, and the worker's page says what happened. */
import { monotonicMs, SECOND } from "#lib/base/clock.ts";
import { describeError } from "#lib/base/log.ts";
import type { MemcachedClient } from "#lib/memcached/client.ts";
import { serversUp } from "#lib/memcached/placement.ts";
import { forgetGeneration, publishAnew } from "#lib/polls/publish-anew.ts";
import { lastRestore } from "#lib/store/restores.ts";
import type { WorkerParts } from "./worker-parts.ts";

type RestoreParts = Pick<
  WorkerParts,
  "background" | "clock" | "flusher" | "log" | "placement" | "setbacks" | "store"
>;

/** Ballots of a poll that is gone may arrive for as long as fronts remember it. */
const forgetEveryMs = 5 * SECOND;

/**
 * Does something only when MySQL's generation has changed, when MySQL went back in another way or lacks a poll that
 * fronts take votes for, and when this worker has just started.
 */
export function restoreDuty(worker: RestoreParts): () => Promise<void> {
  const { flusher, log, placement, setbacks, store } = worker;
  const publishedOn = new Map<MemcachedClient, string>();
  /** Servers whose note of the generation is not true any more. One that is away keeps it until it is back. */
  const outdated = new Set<MemcachedClient>();
  let known: string | undefined;
  let running = false;
  let forgottenMs = Number.NEGATIVE_INFINITY;
  const publish = async (servers: readonly MemcachedClient[], generation: string) => {
    await publishAnew(worker, servers, generation, worker.clock.nowMs());
    for (const server of servers) publishedOn.set(server, generation);
  };
  return async () => {
    const { generation } = flusher;
    if (generation === undefined) return;
    if (generation !== known) {
      const restore = await lastRestore(store);
      setbacks.noteRestore(restore);
      if (known !== undefined) log.error({ event: "backup_restored", generation, ...restore });
      known = generation;
    }
    // Not while polls are being published anew: that run would note what it did not do.
    if (running) return;
    if (monotonicMs() - forgottenMs > forgetEveryMs && setbacks.takeOutdatedCopies()) {
      forgottenMs = monotonicMs();
      for (const server of placement.servers) outdated.add(server);
    }
    for (const server of serversUp([...outdated])) {
      await forgetGeneration(server);
      outdated.delete(server);
      publishedOn.delete(server);
    }
    const due = placement.servers.filter(
      server => server.available && publishedOn.get(server) !== generation,
    );
    if (due.length === 0) return;
    running = true;
    const published = publish(due, generation)
      .catch(error => log.warn({ event: "not_published_anew", ...describeError(error) }))
      .finally(() => {
        running = false;
      });
    worker.background.add(published);
  };
}
