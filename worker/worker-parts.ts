/** The worker's composition root: everything built once, for the daemon and the one-shot alike. */

import type { Log } from "#lib/base/log.ts";
import { CountGatherer } from "#lib/books/gather-counts.ts";
import type { Config } from "#lib/config/config.ts";
import { Flusher } from "#lib/flush/flusher.ts";
import { RecentBatches } from "#lib/flush/recent-batches.ts";
import { connectMemcached, type MemcachedClient } from "#lib/memcached/client.ts";
import { Placement } from "#lib/memcached/placement.ts";
import type { QueueName } from "#lib/model/ids.ts";
import { PublishedPolls } from "#lib/polls/published.ts";
import { allQueueNames } from "#lib/queue/queue-names.ts";
import type { TallyDeps } from "#lib/rebuild/rebuild.ts";
import { DoubtfulPolls } from "#lib/rebuild/reconcile.ts";
import { poolSizes, Store } from "#lib/store/database.ts";
import { moveTallies } from "#lib/tallies/counters.ts";

export interface WorkerParts {
  readonly config: Config;
  readonly log: Log;
  readonly store: Store;
  readonly flusher: Flusher;
  readonly published: PublishedPolls;
  readonly tallies: TallyDeps;
  readonly memcached: readonly MemcachedClient[];
  readonly queueServers: readonly MemcachedClient[];
  readonly queueNames: readonly QueueName[];
  readonly doubtful: DoubtfulPolls;
  readonly books: CountGatherer;
  readonly close: () => Promise<void>;
}

/** A commit of ten thousand rows on a busy server may take its time. */
const statementMsMax = 30_000;

export function buildWorker(config: Config, log: Log): WorkerParts {
  const store = new Store({
    url: config.databaseUrl,
    connectionsMax: poolSizes.worker,
    statementMs: statementMsMax,
  });
  const memcached = connectMemcached(config.memcachedServers, log);
  const queueServers = connectMemcached(config.queueServers, log, memcached);
  const places = new Placement(memcached, config.queueCopies);
  const doubtful = new DoubtfulPolls();
  const books = new CountGatherer(store, places);
  const flusher = new Flusher(
    {
      store,
      log,
      recent: new RecentBatches(),
      graceMs: config.queueGraceMs,
      keepMs: config.queueKeepMs,
      ballotsPerCommit: config.flushBallotsMax,
      relief: config.lanes,
      committed: batches => books.committed(batches),
      correctTallies: async (corrections, unsure) => {
        doubtful.add(unsure);
        const failed = await moveTallies(places, corrections);
        for (const [server, polls] of failed) {
          doubtful.add(polls);
          log.warn({ event: "tallies_not_corrected", server: server.name, polls: polls.length });
        }
      },
    },
    queueServers,
    config.queueHomes,
    config.queueCopies,
  );
  return {
    config,
    log,
    store,
    flusher,
    memcached,
    queueServers,
    queueNames: allQueueNames(config.queueHomes),
    doubtful,
    books,
    published: new PublishedPolls(places, store, log),
    tallies: {
      store,
      log,
      tallies: places,
      queueServers,
      queueNames: allQueueNames(config.queueHomes),
      copies: config.queueCopies,
    },
    close: async () => {
      const clients: Set<MemcachedClient> = new Set([...memcached, ...queueServers]);
      for (const client of clients) client.close();
      await store.close();
    },
  };
}
