/**
 * The composition root of a front process: everything built once, from the configuration.
 *
 * The front holds two copies of `lib/`: its own, and the one inside Next's bundle. Only `globalThis` is
 * shared, so the one runtime is kept there, under a registered symbol, and whichever copy asks first
 * builds it. That is why no module keeps state of its own, and why nothing here is recognised by class.
 */
import { BatchIds } from "./ballots/batch-ids.ts";
import type { CastDeps } from "./ballots/cast.ts";
import { GroupCommit } from "./ballots/group-commit.ts";
import { watchReplayRing } from "./ballots/replay.ts";
import { type Config, loadConfig } from "./config.ts";
import { Attempts } from "./editors/attempts.ts";
import type { Auth } from "./editors/auth.ts";
import { LiveBoard } from "./live/watch.ts";
import { createLog, type Log } from "./log.ts";
import { connectMemcached, type MemcachedClient } from "./memcached/client.ts";
import type { EditDeps } from "./polls/edit.ts";
import { PublishedPolls } from "./polls/published.ts";
import { allQueueNames, queueName } from "./queue/names.ts";
import { QueueProducer } from "./queue/producer.ts";
import { ReplayRing } from "./queue/replay-ring.ts";
import { Store } from "./store/pool.ts";
import { ResultsBoard } from "./tallies/results.ts";
import { deriveVoterSecrets } from "./voters/keys.ts";

export interface Runtime {
  readonly config: Config;
  readonly log: Log;
  readonly store: Store;
  readonly memcached: readonly MemcachedClient[];
  readonly published: PublishedPolls;
  readonly results: ResultsBoard;
  readonly live: LiveBoard;
  readonly commit: GroupCommit;
  readonly cast: CastDeps;
  readonly edit: EditDeps;
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
export function runtime(): Runtime {
  const holder = globalThis as { [KEY]?: Runtime };
  holder[KEY] ??= build(loadConfig());
  return holder[KEY];
}

/** Of the 3 s in which every request is answered. */
const statementMsMax = 2_500;
const connectionsMax = 10;

function build(config: Config): Runtime {
  const log = createLog("front", config.FLOODGATE_LOG_LEVEL);
  const store = new Store({
    url: config.DATABASE_URL,
    connectionsMax,
    statementMs: statementMsMax,
  });
  const memcached = connectMemcached(config.MEMCACHED_SERVERS, log);
  const queueServers = connectMemcached(config.queueServers, log, memcached);
  const published = new PublishedPolls(memcached, store, log);
  const results = new ResultsBoard({
    store,
    log,
    tallyServers: memcached,
    queueServers,
    queueNames: allQueueNames(config.QUEUE_HOMES),
  });
  const live = new LiveBoard({
    published,
    results,
    log,
    viewersMax: config.FLOODGATE_VIEWERS_MAX,
  });
  const producers = homesFrom(config).map(home => producerAt(queueServers, home));
  const ring = new ReplayRing(config.QUEUE_REPLAY_BYTES);
  const commit = new GroupCommit({
    log,
    published,
    producers,
    ring,
    markServers: memcached,
    tallyServers: memcached,
    batchIds: new BatchIds(),
    lingerMs: config.QUEUE_LINGER_MS,
  });
  const stop = new AbortController();
  const watching = watchReplayRing(
    { log, ring, producers, tallyServers: memcached, markServers: memcached },
    stop.signal,
  );
  return {
    config,
    log,
    store,
    memcached,
    published,
    results,
    live,
    commit,
    cast: { commit, published, results, secrets: deriveVoterSecrets(config.FLOODGATE_SECRET) },
    edit: { store, published, tallyServers: memcached, log },
    auth: lazyAuth(config, store, memcached),
    close: async () => {
      live.stop();
      await commit.settled();
      stop.abort();
      await watching;
      for (const client of new Set([...memcached, ...queueServers])) client.close();
      await store.close();
    },
  };
}

/** Every home, beginning with this process's own: where to enqueue, and where to turn to next. */
function homesFrom(config: Config): number[] {
  const { QUEUE_HOMES: homes, FLOODGATE_HOME: first } = config;
  return Array.from({ length: homes }, (_, index) => (first + index) % homes);
}

function producerAt(servers: readonly MemcachedClient[], home: number): QueueProducer {
  const server = servers[home % servers.length];
  if (!server) throw new RangeError("no queue server is configured");
  return new QueueProducer(queueName("normal", home), server);
}

function lazyAuth(config: Config, store: Store, memcached: readonly MemcachedClient[]) {
  let auth: Promise<Auth> | undefined;
  const load = async () => {
    const [server] = memcached;
    if (!server) throw new RangeError("no memcached server is configured");
    const { Auth } = await import("./editors/auth.ts");
    const attempts = new Attempts(server);
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
