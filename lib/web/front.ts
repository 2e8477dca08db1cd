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
import { CircuitBreaker } from "../store/circuit-breaker.ts";
import { Store } from "../store/database.ts";
import { poolSizes } from "../store/pool-sizes.ts";
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
  readonly ladder: Degradation;
  readonly cast: CastDeps;
  readonly receipts: Receipts;
  readonly edit: EditDeps;
  readonly drawings: PictureCache;
  readonly pages: SharedPages;
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
export function front(): Front {
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
  const log = createLog("front", config.FLOODGATE_LOG_LEVEL);
  const secrets = deriveVoterSecrets(config.FLOODGATE_SECRET);
  const store = new Store({
    url: config.DATABASE_URL,
    connectionsMax: poolSizes.front,
    statementMs: statementMsMax,
  });
  const memcached = connectMemcached(config.MEMCACHED_SERVERS, log);
  const queueServers = connectMemcached(config.queueServers, log, memcached);
  const places = new Placement(memcached, config.QUEUE_COPIES);
  const directly = new Store({ url: config.DATABASE_URL, ...directStore });
  const guarded = new CircuitBreaker(directly, log);
  const published = new PublishedPolls(places, store, log, guarded);
  const results = new ResultsBoard({
    store,
    guarded,
    log,
    tallies: places,
    queueServers,
    queueNames: allQueueNames(config.QUEUE_HOMES),
    copies: config.QUEUE_COPIES,
  });
  const live = new LiveBoard({
    published,
    results,
    log,
    viewersMax: config.FLOODGATE_VIEWERS_MAX,
  });
  const parts = { config, log, store, guarded, published, memcached, queueServers, places };
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
    ladder: voting.ladder,
    cast: { commit: voting.commit, laneOf: config.lanes.laneOf, published, results, secrets },
    receipts: new Receipts(guarded, secrets),
    edit: { store, published, tallies: places, log },
    drawings: new PictureCache(),
    pages: new SharedPages(),
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
  readonly guarded: CircuitBreaker;
  readonly published: PublishedPolls;
  readonly memcached: readonly MemcachedClient[];
  readonly queueServers: readonly MemcachedClient[];
  readonly places: Placement;
}

/** The way of the ballots, with what watches over it. */
function buildVoting(parts: VotingParts) {
  const { config, log, store, guarded, published, memcached, queueServers, places } = parts;
  const targets = {
    high: targetsOf("high", config, queueServers),
    normal: targetsOf("normal", config, queueServers),
    low: targetsOf("low", config, queueServers),
  };
  const ring = new ReplayRing(config.QUEUE_REPLAY_BYTES);
  const missed = new StaleTallies();
  const batchIds = new BatchIds();
  const { producer } = batchIds;
  const { FLOODGATE_STATE_DIR: directory, FLOODGATE_HOME: home } = config;
  const tape = new AcceptedCount({ producer, home, directory, places, log });
  const fallback = new DirectCommit({
    log,
    tape,
    store: guarded,
    tallies: places,
    missed,
    ballotsPerSecond: config.QUEUE_FALLBACK_RATE,
  });
  const kickstart = new Kickstart(config.kickstartTo);
  const room = new MemoryLimits({
    servers: queueServers,
    queueNames: allQueueNames(config.QUEUE_HOMES),
    copies: config.QUEUE_COPIES,
    sharePercent: config.QUEUE_MEMORY_SHARE,
  });
  const commit = new GroupCommit({
    log,
    kickstart,
    published,
    targets,
    ring,
    markServers: memcached,
    tallies: places,
    batchIds,
    tape,
    missed,
    fallback,
    lingerMs: config.QUEUE_LINGER_MS,
    relief: config.lanes,
    room,
  });
  const ladder = new Degradation(log, guarded, () => ({
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
        tallies: places,
        missed,
        markServers: memcached,
        fallback,
      },
      stop.signal,
    ),
    room.watch(stop.signal),
    ladder.watch(stop.signal),
    tape.publishUntil(stop.signal),
    ...(directory ? [recoverCounts({ store, log, directory, home, producer }, stop.signal)] : []),
  ];
  return {
    commit,
    ladder,
    /** Finishes rounds under way. */
    stop: async () => {
      await commit.settled();
      kickstart.close();
      stop.abort();
      await Promise.all(watching);
      tape.close();
    },
  };
}

/** Every home, beginning with this process's own: where to enqueue, and where to turn to next. */
function homesFrom(config: Config): number[] {
  const { QUEUE_HOMES: homes, FLOODGATE_HOME: first } = config;
  return Array.from({ length: homes }, (_, index) => (first + index) % homes);
}

/** Where this front's batches go: it begins with another server than its neighbours do. */
function targetsOf(lane: Lane, config: Config, servers: readonly MemcachedClient[]): Targets {
  const homes = homesFrom(config);
  const sides = inOrderFrom(servers, config.FLOODGATE_HOME % servers.length).map(server =>
    homes.map(home => new QueueProducer(queueName(lane, home), server)),
  );
  return { sides, copies: config.QUEUE_COPIES, order: servers };
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
      secret: config.FLOODGATE_SECRET,
    });
  };
  return () => {
    auth ??= load();
    return auth;
  };
}
