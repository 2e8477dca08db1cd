/**
 * The composition root of a front process: everything is built once, from the configuration.
 *
 * A process may hold two copies of `lib/`: its own, and the one inside Next's bundle. They share only `globalThis`,
 * so the one `Front` is kept there, under a registered symbol, and is built by the first copy that needs it.
 * Therefore no module keeps state of its own, and nothing here is recognised by its class.
 */
import { monotonicMs, SECOND } from "../base/clock.ts";
import { every } from "../base/every.ts";
import { createLog, describeError, type Log } from "../base/log.ts";
import { type Config, loadConfig } from "../config/config.ts";
import type { Auth } from "../editors/auth.ts";
import { SignInAttempts } from "../editors/sign-in-attempts.ts";
import { sharedSecret } from "../fleet/secret-rotation.ts";
import type { SiteClock } from "../fleet/site-clock.ts";
import { Degradation } from "../health/degradation.ts";
import type { PreparedResponse } from "../http/prepared-response.ts";
import { type Placement, serversUp } from "../memcached/placement.ts";
import type { CreateDeps } from "../polls/create.ts";
import { FormerSlugs } from "../polls/former-slugs.ts";
import { PollSearch } from "../polls/poll-search.ts";
import { PublishedPolls } from "../polls/published.ts";
import { type Connections, connectServers } from "../program/connections.ts";
import { allQueuesEmpty } from "../receipts/empty-queues.ts";
import { Receipts } from "../receipts/find-receipt.ts";
import { LiveBoard } from "../results/live-board.ts";
import { ResultsBoard } from "../results/results-board.ts";
import type { Snapshot } from "../results/snapshot.ts";
import { poolSizes, Store } from "../store/database.ts";
import { isStoreFailure } from "../store/failure.ts";
import { StoreBreaker } from "../store/store-breaker.ts";
import { KnownSecrets } from "../voters/voter-secrets.ts";
import { ClientAddressFaults } from "./client-address-faults.ts";
import { PictureCache } from "./picture-cache.ts";
import type { Serving } from "./serving.ts";
import { SharedPages } from "./shared-pages.ts";
import { startVoting, type Voting } from "./voting.ts";

export interface Front {
  readonly config: Config;
  readonly log: Log;
  readonly store: Store;
  readonly clock: SiteClock;
  readonly placement: Placement;
  readonly published: PublishedPolls;
  readonly formerSlugs: FormerSlugs;
  readonly pollSearch: PollSearch;
  readonly results: ResultsBoard;
  readonly live: LiveBoard;
  readonly degradation: Degradation;
  readonly secrets: KnownSecrets;
  /** The voting part, started on first use. */
  readonly voting: () => Voting;
  readonly receipts: Receipts;
  readonly edit: CreateDeps;
  /** What the server in this process says of itself; see `web/serving.ts`. */
  readonly serving: Serving;
  readonly clientAddresses: ClientAddressFaults;
  readonly pictures: PictureCache;
  readonly sharedPages: SharedPages;
  /** Files of ours that are the same until the next release, by name. */
  readonly files: Map<string, PreparedResponse>;
  /** The answer that a snapshot is to all readers, encoded once for each snapshot. */
  readonly sharedResults: WeakMap<Snapshot, PreparedResponse>;
  /** The sign-in library, loaded on first use. */
  readonly auth: () => Promise<Auth>;
  /** Finishes the rounds under way, then closes every connection. */
  readonly close: () => Promise<void>;
}

const KEY = Symbol.for("floodgate.front");

/** When the voting part starts: with the front, or not before it is needed. */
export type VotingStart = "now" | "on_first_use";

/**
 * This process's front, built by the first call.
 *
 * @param votingStart - used only by the call that builds the front. `on_first_use` is for the Next process, which
 *   normally takes no votes. All other processes begin at once to recover earlier counts and to measure memory.
 * @throws ConfigError when it has to be built and the environment is not right.
 */
export function getFront(votingStart: VotingStart = "now"): Front {
  const holder = globalThis as { [KEY]?: Front };
  holder[KEY] ??= build(loadConfig(), votingStart);
  return holder[KEY];
}

/** Below the 3 s in which every request is answered. */
const statementMsMax = 2_500;
/** A direct commit has less time: its batch may have waited for a queue server before. */
const directStore = {
  connectionsMax: poolSizes.frontDirect,
  connectMs: 600,
  statementMs: 1_200,
};

const followEveryMs = SECOND;
const quietFollowEveryMs = 5 * SECOND;

function build(config: Config, votingStart: VotingStart): Front {
  const log = createLog("front", config.logLevel);
  const secrets = new KnownSecrets(config);
  const connections = connectServers(config, log, {
    connectionsMax: poolSizes.front,
    statementMs: statementMsMax,
  });
  const { store, clock, fleet, homes, placement } = connections;
  const directCommitStore = new Store({ url: config.databaseUrl, ...directStore });
  const breaker = new StoreBreaker(directCommitStore, log);
  const published = new PublishedPolls(placement, store, log, breaker);
  const results = new ResultsBoard({ ...connections, breaker });
  const live = new LiveBoard({
    published,
    results,
    log,
    viewersMax: config.viewersMax,
  });
  const stop = new AbortController();
  void clock.watch(stop.signal);
  if (votingStart !== "now") void followServers(connections, stop.signal);
  let voting: Voting | undefined;
  const degradation = new Degradation(log, breaker, () => ({
    queueServers: placement.enqueueServers.length,
    queueServersUp: serversUp(placement.enqueueServers).length,
    lanesRefused: voting?.cast.commit.lanesRefused ?? [],
  }));
  const reading = {
    config,
    log,
    store,
    clock,
    breaker,
    published,
    results,
    placement,
    degradation,
    secrets,
  };
  const startedVoting = () => {
    voting ??= startVoting({ ...reading, fleet, homes });
    return voting;
  };
  if (votingStart === "now") startedVoting();
  return {
    ...reading,
    formerSlugs: new FormerSlugs(placement, breaker),
    pollSearch: new PollSearch({ store, clock, isMysqlUp: () => breaker.available }),
    live,
    voting: startedVoting,
    receipts: new Receipts({
      store: breaker,
      secrets,
      nothingWaits: mysql => allQueuesEmpty(mysql, homes, placement.queueServers),
    }),
    edit: {
      store,
      published,
      tallies: placement,
      log,
      secretForNewPolls: () => sharedSecret(store, config),
    },
    serving: { pagesAway: false, full: false },
    clientAddresses: new ClientAddressFaults(log),
    pictures: new PictureCache(),
    sharedPages: new SharedPages(),
    files: new Map(),
    sharedResults: new WeakMap(),
    auth: lazyAuth(config, store, placement),
    close: async () => {
      live.stop();
      stop.abort();
      await voting?.stop();
      await Promise.all([connections.close(), directCommitStore.close()]);
    },
  };
}

/** The Next process is not in the fleet record, and publishes polls: it looks for itself where they go. */
function followServers({ agreed, log }: Connections, signal: AbortSignal): Promise<void> {
  let takenMs = Number.NEGATIVE_INFINITY;
  const take = async () => {
    if (!agreed.isChanging && monotonicMs() - takenMs < quietFollowEveryMs) return;
    takenMs = monotonicMs();
    try {
      await agreed.take();
    } catch (error) {
      if (!isStoreFailure(error)) throw error;
      log.debug({ event: "servers_not_read", ...describeError(error) });
    }
  };
  void take();
  return every(followEveryMs, take, signal);
}

function lazyAuth(config: Config, store: Store, placement: Placement) {
  let auth: Promise<Auth> | undefined;
  const load = async () => {
    const { Auth } = await import("../editors/auth.ts");
    const attempts = new SignInAttempts(placement);
    return new Auth({
      store,
      attempts,
      publicUrl: config.publicUrl,
      secrets: config,
      secretForSessions: () => sharedSecret(store, config),
    });
  };
  return () => {
    auth ??= load();
    return auth;
  };
}
