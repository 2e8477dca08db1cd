/** The worker's composition root: everything built once, the same for the daemon and for a command of operators. */

import { SECOND } from "#lib/base/clock.ts";
import type { Log } from "#lib/base/log.ts";
import { CountGatherer } from "#lib/books/gather-counts.ts";
import type { Config } from "#lib/config/config.ts";
import type { AgreedServers } from "#lib/fleet/agreed-servers.ts";
import type { FleetRecord } from "#lib/fleet/fleet-record.ts";
import { Fronts } from "#lib/fleet/fronts.ts";
import { identifyWorker } from "#lib/fleet/process-identity.ts";
import { Registration } from "#lib/fleet/registration.ts";
import type { SiteClock } from "#lib/fleet/site-clock.ts";
import { Flusher } from "#lib/flush/flusher.ts";
import { Loading } from "#lib/flush/loading.ts";
import { RecentBatches } from "#lib/flush/recent-batches.ts";
import type { Placement } from "#lib/memcached/placement.ts";
import { PublishedPolls } from "#lib/polls/published.ts";
import { connectServers } from "#lib/program/connections.ts";
import type { QueueHomes } from "#lib/queue/queue-homes.ts";
import type { TallyDeps } from "#lib/rebuild/rebuild.ts";
import { DoubtfulPolls } from "#lib/rebuild/reconcile.ts";
import { poolSizes, type Store } from "#lib/store/database.ts";
import { moveTallies } from "#lib/tallies/counters.ts";
import { BackgroundWork } from "./background-work.ts";
import { SetbackRecord } from "./setback-record.ts";

export interface WorkerParts {
  readonly config: Config;
  readonly log: Log;
  readonly store: Store;
  readonly clock: SiteClock;
  readonly flusher: Flusher;
  readonly published: PublishedPolls;
  readonly tallies: TallyDeps;
  readonly placement: Placement;
  readonly agreed: AgreedServers;
  readonly homes: QueueHomes;
  readonly fleet: FleetRecord;
  readonly registration: Registration;
  readonly doubtful: DoubtfulPolls;
  readonly books: CountGatherer;
  readonly fronts: Fronts;
  readonly setbacks: SetbackRecord;
  /** What duties have begun. */
  readonly background: BackgroundWork;
  readonly close: () => Promise<void>;
}

/** A commit of ten thousand rows on a busy server may take its time. */
const statementMsMax = 30 * SECOND;
/** A statement without an answer, and the pause before the next pass. */
const keepMarginMs = statementMsMax + 10 * SECOND;

export function buildWorker(config: Config, log: Log): WorkerParts {
  const connections = connectServers(config, log, {
    connectionsMax: poolSizes.worker,
    statementMs: statementMsMax,
    localLoads: true,
  });
  const { store, clock, placement } = connections;
  const identity = identifyWorker(config);
  const doubtful = new DoubtfulPolls();
  const books = new CountGatherer(store, placement);
  const setbacks = new SetbackRecord();
  const flusher = new Flusher(
    {
      store,
      clock,
      log,
      recent: new RecentBatches(),
      loading: new Loading(log),
      graceMs: config.queueGraceMs,
      keep: { keepMs: config.queueKeepMs, keepMarginMs },
      ballotsPerCommit: config.flushBallotsMax,
      relief: config.lanes,
      committed: batches => books.committed(batches),
      onSetback: () => {
        setbacks.note(clock.nowMs());
        setbacks.noteOutdatedCopies();
        books.startAgain();
        doubtful.add("all");
      },
      onGonePoll: () => setbacks.noteOutdatedCopies(),
      correctTallies: async (corrections, unsure) => {
        doubtful.add(unsure);
        const failed = await moveTallies(placement, corrections);
        for (const [server, polls] of failed) {
          doubtful.add("all");
          log.warn({ event: "tallies_not_corrected", server: server.name, polls: polls.length });
        }
      },
    },
    placement,
    connections.homes,
    config.queueCopies,
  );
  return {
    ...connections,
    config,
    log,
    flusher,
    doubtful,
    books,
    registration: new Registration(store, log, identity, connections.agreed),
    fronts: new Fronts({ store, log, goneMs: config.frontGoneMs, self: identity.id }),
    setbacks,
    background: new BackgroundWork(),
    published: new PublishedPolls(placement, store, log),
    tallies: connections,
  };
}
