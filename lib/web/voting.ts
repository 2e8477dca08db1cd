/**
 * The voting part of a front: what takes ballots from a request to the queue, and the loops that watch over it.
 *
 * The Next process, which takes no votes, does not start it. The loops are: replaying batches that a queue server
 * forgot, memory limits, degradation steps, publishing the accepted count, and recovering the counts of earlier runs
 * at this home.
 */
import type { CastDeps } from "../ballots/cast.ts";
import { DirectCommit } from "../ballots/direct-commit.ts";
import { GroupCommit } from "../ballots/group-commit.ts";
import { watchReplayRing } from "../ballots/replay.ts";
import { VotesUnderWay } from "../ballots/under-way.ts";
import { describeError, type Log } from "../base/log.ts";
import { stopWith } from "../base/shutdown.ts";
import { AcceptedCount } from "../books/accepted-count.ts";
import { recoverCounts } from "../books/recover-counts.ts";
import type { Config } from "../config/config.ts";
import type { FleetRecord } from "../fleet/fleet-record.ts";
import { FrontReport } from "../fleet/front-report.ts";
import { identifyFront } from "../fleet/process-identity.ts";
import { Registration } from "../fleet/registration.ts";
import { checkPollSecrets } from "../fleet/secret-rotation.ts";
import type { SiteClock } from "../fleet/site-clock.ts";
import type { Degradation } from "../health/degradation.ts";
import type { Placement } from "../memcached/placement.ts";
import { Editions } from "../model/edition.ts";
import type { PublishedPolls } from "../polls/published.ts";
import { exitStatus } from "../program/command-line.ts";
import { BatchIds } from "../queue/batch-write.ts";
import { FrontTargets } from "../queue/front-targets.ts";
import { Kickstart } from "../queue/kickstart.ts";
import { MemoryLimits } from "../queue/memory-limits.ts";
import type { QueueHomes } from "../queue/queue-homes.ts";
import { ReplayRing } from "../queue/replay-ring.ts";
import type { ResultsBoard } from "../results/results-board.ts";
import type { Store } from "../store/database.ts";
import { orWhenMysqlFails } from "../store/failure.ts";
import type { StoreBreaker } from "../store/store-breaker.ts";
import { StaleTallies } from "../tallies/stale-tallies.ts";
import type { KnownSecrets } from "../voters/voter-secrets.ts";

export interface VotingParts {
  readonly config: Config;
  readonly log: Log;
  readonly store: Store;
  readonly clock: SiteClock;
  readonly fleet: FleetRecord;
  readonly homes: QueueHomes;
  readonly breaker: StoreBreaker;
  readonly published: PublishedPolls;
  readonly results: ResultsBoard;
  readonly placement: Placement;
  readonly degradation: Degradation;
  readonly secrets: KnownSecrets;
}

export interface Voting {
  readonly cast: CastDeps;
  /** Before it serves: throws ConfigError when its settings differ from those of a running process. */
  readonly join: () => Promise<void>;
  /** Finishes the rounds under way, then ends the loops. */
  readonly stop: () => Promise<void>;
}

/** Builds the voting part and starts its loops. */
export function startVoting(parts: VotingParts): Voting {
  const { config, log, store, breaker, published, results, placement } = parts;
  const targets = new FrontTargets(config, placement).byLane;
  const ring = new ReplayRing(config.queueReplayBytes, targets.normal.copies);
  const staleTallies = new StaleTallies();
  const batchIds = new BatchIds();
  const { producer } = batchIds;
  const { stateDir: directory, queueFirstHome: home } = config;
  const acceptedCount = new AcceptedCount({ producer, home, directory, placement, log });
  const directCommit = new DirectCommit({
    log,
    clock: parts.clock,
    acceptedCount,
    store: breaker,
    tallies: placement,
    staleTallies,
    ballotsPerSecond: config.fallbackBallotsPerSecond,
  });
  const kickstart = new Kickstart(config.kickstartTo);
  const memoryLimits = memoryLimitsOf(config, parts.homes, placement);
  const replaying = {
    log,
    ring,
    tallies: placement,
    staleTallies,
    directCommit,
  };
  const commit = new GroupCommit({
    ...replaying,
    kickstart,
    published,
    targets,
    batchIds,
    acceptedCount,
    lingerMs: config.queueLingerMs,
    relief: config.lanes,
    memoryLimits,
  });
  const underWay = new VotesUnderWay();
  const report = newReport(parts, producer, acceptedCount, () =>
    Math.min(underWay.oldestMs, ring.oldestMs),
  );
  const stop = new AbortController();
  const loops = [
    watchReplayRing({ ...replaying, targets: targets.normal }, stop.signal),
    memoryLimits.watch(stop.signal),
    parts.degradation.watch(stop.signal),
    acceptedCount.publishUntil(stop.signal),
    report.reportUntil(stop.signal),
    ...(directory ? [recoverCounts({ store, log, directory, home, producer }, stop.signal)] : []),
  ];
  return {
    cast: {
      commit,
      underWay,
      laneOf: config.lanes.laneOf,
      published,
      results,
      secrets: parts.secrets,
      editions: new Editions(),
    },
    join: () => report.join(),
    stop: async () => {
      await commit.allAnswered();
      kickstart.close();
      stop.abort();
      await Promise.all(loops);
      await report.end();
      acceptedCount.close();
    },
  };
}

/** While MySQL is away, nothing can be checked; a poll names its secret itself. */
async function checkSecrets({ config, log, store, clock }: VotingParts): Promise<void> {
  const checked = checkPollSecrets(store, config, log, clock.nowMs());
  await orWhenMysqlFails(checked, error => {
    log.warn({ event: "poll_secrets_not_checked", ...describeError(error) });
  });
}

function newReport(
  parts: VotingParts,
  producer: Buffer,
  acceptedCount: AcceptedCount,
  oldestHeldMs: () => number,
): FrontReport {
  const { config, log, store, clock, fleet } = parts;
  return new FrontReport({
    log,
    store,
    clock,
    fleet,
    registration: new Registration(store, log, identifyFront(config, producer), fleet.agreed),
    checkSecrets: () => checkSecrets(parts),
    acceptedCount,
    oldestHeldMs,
    onConflict: sentence => {
      log.fatal({ event: "settings_differ", sentence });
      stopWith(exitStatus.config);
    },
  });
}

function memoryLimitsOf(config: Config, homes: QueueHomes, placement: Placement): MemoryLimits {
  return new MemoryLimits({
    placement,
    homes,
    copies: config.queueCopies,
    sharePercent: config.queueMemoryPercent,
  });
}
