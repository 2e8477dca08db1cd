/**
 * The composition root of a front process: everything built once, from the configuration.
 *
 * The front holds two copies of `lib/`: its own, and the one inside Next's bundle. Only `globalThis` is
 * shared, so the one runtime is kept there, under a registered symbol, and whichever copy asks first
 * builds it. That is why no module keeps state of its own, and why nothing here is recognised by class.
 */
import type { CastDeps } from "../ballots/cast.ts";
import { DirectCommit } from "../ballots/direct-commit.ts";
import { GroupCommit } from "../ballots/group-commit.ts";
import { watchReplayRing } from "../ballots/replay.ts";
import { createLog, type Log } from "../base/log.ts";
import { AcceptedCount } from "../books/accepted-count.ts";
import { recoverCounts } from "../books/recover-counts.ts";
import { type Config, loadConfig } from "../config/config.ts";
import type { Auth } from "../editors/auth.ts";
import { SignInAttempts } from "../editors/sign-in-attempts.ts";
import { Degradation } from "../health/degradation.ts";
import type { PreparedResponse } from "../http/prepared-response.ts";
import { connectMemcached, type MemcachedClient } from "../memcached/client.ts";
import { inOrderFrom, Placement } from "../memcached/placement.ts";
import type { Lane } from "../model/lane.ts";
import type { EditDeps } from "../polls/edit.ts";
import { PublishedPolls } from "../polls/published.ts";
import { BatchIds } from "../queue/batch-ids.ts";
import type { Targets } from "../queue/batch-write.ts";
import { Kickstart } from "../queue/kickstart.ts";
import { MemoryLimits } from "../queue/memory-limits.ts";
import { QueueProducer } from "../queue/producer.ts";
import { allQueueNames, queueName } from "../queue/queue-names.ts";
import { ReplayRing } from "../queue/replay-ring.ts";
import { Receipts } from "../receipts/find-receipt.ts";
import { LiveBoard } from "../results/live-board.ts";
import { ResultsBoard } from "../results/results-board.ts";
import type { Snapshot } from "../results/snapshot.ts";
import { Store } from "../store/database.ts";
import { poolSizes } from "../store/pool-sizes.ts";
import { StoreBreaker } from "../store/store-breaker.ts";
import { StaleTallies } from "../tallies/stale-tallies.ts";
import { deriveVoterSecrets } from "../voters/voter-secrets.ts";
import { PictureCache } from "./picture-cache.ts";
import { SharedPages } from "./shared-pages.ts";

export interface Front {
  readonly config: Config;
  readonly log: Log;
  readonly store: Store;
  readonly memcached: readonly MemcachedClient[];
  readonly published: PublishedPolls;
  readonly results: ResultsBoard;
  readonly live: LiveBoard;
  readonly commit: GroupCommit;
  readonly degradation: Degradation;
  readonly cast: CastDeps;
  readonly receipts: Receipts;
  readonly edit: EditDeps;
  readonly pictures: PictureCache;
  readonly sharedPages: SharedPages;
  /** The answer that a snapshot is to all readers, encoded once for each snapshot. */
  readonly sharedResults: WeakMap<Snapshot, PreparedResponse>;
  /** The sign-in library, loaded when it is first needed. */
  readonly auth: () => Promise<Auth>;
  /** Finishes rounds under way, then closes every connection. */
  readonly close: () => Promise<void>;
}

const KEY = Symbol.for("floodgate.runtime");

/**
 * This process's runtime.
 *
 * @throws ConfigError when it has to be built and the environment is not right.
 */
export function getFront(): Front {
  const holder = globalThis as { [KEY]?: Front };
  holder[KEY] ??= build(loadConfig());
  return holder[KEY];
}

/** Of the 3 s in which every request is answered. */
const statementMsMax = 2_500;
/** Votes that go straight into MySQL have less time: a queue server may have been waited for already. */
const directStore = {
  connectionsMax: poolSizes.frontDirect,
  connectMs: 600,
  statementMs: 1_200,
};

function build(config: Config): Front {
  const log = createLog("front", config.logLevel);
  const secrets = deriveVoterSecrets(config.secret);
  const store = new Store({
    url: config.databaseUrl,
    connectionsMax: poolSizes.front,
    statementMs: statementMsMax,
  });
  const memcached = connectMemcached(config.memcachedServers, log);
  const queueServers = connectMemcached(config.queueServers, log, memcached);
  const placement = new Placement(memcached, config.queueCopies);
  const directly = new Store({ url: config.databaseUrl, ...directStore });
  const breaker = new StoreBreaker(directly, log);
  const published = new PublishedPolls(placement, store, log, breaker);
  const results = new ResultsBoard({
    store,
    breaker,
    log,
    tallies: placement,
    queueServers,
    queueNames: allQueueNames(config.queueHomes),
    copies: config.queueCopies,
  });
  const live = new LiveBoard({
    published,
    results,
    log,
    viewersMax: config.viewersMax,
  });
  const parts = { config, log, store, breaker, published, memcached, queueServers, placement };
  const voting = buildVoting(parts);
  return {
    config,
    log,
    store,
    memcached,
    published,
    results,
    live,
    commit: voting.commit,
    degradation: voting.degradation,
    cast: { commit: voting.commit, laneOf: config.lanes.laneOf, published, results, secrets },
    receipts: new Receipts(breaker, secrets),
    edit: { store, published, tallies: placement, log },
    pictures: new PictureCache(),
    sharedPages: new SharedPages(),
    sharedResults: new WeakMap(),
    auth: lazyAuth(config, store, memcached),
    close: async () => {
      live.stop();
      await voting.stop();
      for (const client of new Set([...memcached, ...queueServers])) client.close();
      await Promise.all([store.close(), directly.close()]);
    },
  };
}

interface VotingParts {
  readonly config: Config;
  readonly log: Log;
  readonly store: Store;
  readonly breaker: StoreBreaker;
  readonly published: PublishedPolls;
  readonly memcached: readonly MemcachedClient[];
  readonly queueServers: readonly MemcachedClient[];
  readonly placement: Placement;
}

/** The way of the ballots, with what watches over it. */
function buildVoting(parts: VotingParts) {
  const { config, log, store, breaker, published, memcached, queueServers, placement } = parts;
  const targets = {
    high: targetsOf("high", config, queueServers),
    normal: targetsOf("normal", config, queueServers),
    low: targetsOf("low", config, queueServers),
  };
  const ring = new ReplayRing(config.queueReplayBytes);
  const staleTallies = new StaleTallies();
  const batchIds = new BatchIds();
  const { producer } = batchIds;
  const { stateDir: directory, queueFirstHome: home } = config;
  const acceptedCount = new AcceptedCount({ producer, home, directory, placement, log });
  const directCommit = new DirectCommit({
    log,
    acceptedCount,
    store: breaker,
    tallies: placement,
    staleTallies,
    ballotsPerSecond: config.fallbackBallotsPerSecond,
  });
  const kickstart = new Kickstart(config.kickstartTo);
  const memoryLimits = new MemoryLimits({
    servers: queueServers,
    queueNames: allQueueNames(config.queueHomes),
    copies: config.queueCopies,
    sharePercent: config.queueMemoryPercent,
  });
  const commit = new GroupCommit({
    log,
    kickstart,
    published,
    targets,
    ring,
    markServers: memcached,
    tallies: placement,
    batchIds,
    acceptedCount,
    staleTallies,
    directCommit,
    lingerMs: config.queueLingerMs,
    relief: config.lanes,
    memoryLimits,
  });
  const degradation = new Degradation(log, breaker, () => ({
    queueServers: queueServers.length,
    queueServersUp: queueServers.filter(({ available }) => available).length,
    lanesRefused: commit.lanesRefused,
  }));
  const stop = new AbortController();
  const watching = [
    watchReplayRing(
      {
        log,
        ring,
        targets: targets.normal,
        tallies: placement,
        staleTallies,
        markServers: memcached,
        directCommit,
      },
      stop.signal,
    ),
    memoryLimits.watch(stop.signal),
    degradation.watch(stop.signal),
    acceptedCount.publishUntil(stop.signal),
    ...(directory ? [recoverCounts({ store, log, directory, home, producer }, stop.signal)] : []),
  ];
  return {
    commit,
    degradation,
    /** Finishes rounds under way. */
    stop: async () => {
      await commit.settled();
      kickstart.close();
      stop.abort();
      await Promise.all(watching);
      acceptedCount.close();
    },
  };
}

/** Every home, beginning with this process's own: where to enqueue, and where to turn to next. */
function homesFrom(config: Config): number[] {
  const { queueHomes: homes, queueFirstHome: first } = config;
  return Array.from({ length: homes }, (_, index) => (first + index) % homes);
}

/** Where this front's batches go: it begins with another server than its neighbours do. */
function targetsOf(lane: Lane, config: Config, servers: readonly MemcachedClient[]): Targets {
  const homes = homesFrom(config);
  const sides = inOrderFrom(servers, config.queueFirstHome % servers.length).map(server =>
    homes.map(home => new QueueProducer(queueName(lane, home), server)),
  );
  return { sides, copies: config.queueCopies, order: servers };
}

function lazyAuth(config: Config, store: Store, memcached: readonly MemcachedClient[]) {
  let auth: Promise<Auth> | undefined;
  const load = async () => {
    const [server] = memcached;
    if (!server) throw new RangeError("no memcached server is configured");
    const { Auth } = await import("../editors/auth.ts");
    const attempts = new SignInAttempts(server);
    return new Auth({
      store,
      attempts,
      publicUrl: config.publicUrl,
      secret: config.secret,
    });
  };
  return () => {
    auth ??= load();
    return auth;
  };
}
