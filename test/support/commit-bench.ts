/** A front's group commit without a front, on the servers of a flush bench. */
import { DirectCommit } from "#lib/ballots/direct-commit.ts";
import { GroupCommit } from "#lib/ballots/group-commit.ts";
import { AcceptedCount } from "#lib/books/accepted-count.ts";
import { Placement } from "#lib/memcached/placement.ts";
import type { Lane, Relief } from "#lib/model/lane.ts";
import { PublishedPolls } from "#lib/polls/published.ts";
import { BatchIds } from "#lib/queue/batch-write.ts";
import { Kickstart } from "#lib/queue/kickstart.ts";
import { MemoryLimits } from "#lib/queue/memory-limits.ts";
import { ReplayRing } from "#lib/queue/replay-ring.ts";
import { StoreBreaker } from "#lib/store/store-breaker.ts";
import { StaleTallies } from "#lib/tallies/stale-tallies.ts";
import type { startFlushBench } from "./flush-bench.ts";

type Bench = Awaited<ReturnType<typeof startFlushBench>>;

/** What a front knows of polls. */
export function newPublished({ client, store, deps }: Bench): PublishedPolls {
  const breaker = new StoreBreaker(store, deps.log);
  return new PublishedPolls(new Placement([client], 1), store, deps.log, breaker);
}

/** One with all three lanes, that does not linger. */
export function newCommit(
  bench: Bench,
  relief: Relief,
  published: PublishedPolls = newPublished(bench),
): GroupCommit {
  const { client, store } = bench;
  const { log } = bench.deps;
  const tallies = new Placement([client], 1);
  const breaker = new StoreBreaker(store, log);
  const missed = new StaleTallies();
  const batchIds = new BatchIds();
  const { producer } = batchIds;
  const acceptedCount = new AcceptedCount({
    producer,
    home: 0,
    directory: undefined,
    placement: tallies,
    log,
  });
  const target = (lane: Lane) => ({
    queues: [[bench.producer(0, lane)]],
    copies: 1,
    order: [client],
  });
  return new GroupCommit({
    log,
    published,
    targets: { high: target("high"), normal: target("normal"), low: target("low") },
    tallies,
    ring: new ReplayRing(64 * 1024 * 1024),
    batchIds,
    staleTallies: missed,
    directCommit: new DirectCommit({
      clock: { nowMs: Date.now },
      log,
      store: breaker,
      tallies,
      staleTallies: missed,
      acceptedCount,
      ballotsPerSecond: 1,
    }),
    kickstart: new Kickstart([]),
    acceptedCount,
    lingerMs: 0,
    relief,
    memoryLimits: new MemoryLimits({
      placement: tallies,
      homes: { names: [] },
      copies: 1,
      sharePercent: 95,
    }),
  });
}
