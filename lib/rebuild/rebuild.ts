/**
 * Rebuilds tallies exactly: MySQL's totals at the checkpoints, plus the slots after them, with all queues frozen.
 * For a server that lost its memory, and for correcting drift.
 *
 * 1. One snapshot of MySQL: totals and checkpoints of the same moment.
 * 2. Without any lock: read the slots after those checkpoints, again and again until hardly any new ones appear.
 * 3. With the queues frozen, so that no front is between its slot and its tallies: read the few new slots, create
 *    the counters or move them by the difference, and release the locks.
 *
 * A waiting slot counts for what its ballots moved the tallies by when they were accepted (`tallied`), not for
 * their fate: the flush corrects the tallies by the difference later.
 *
 * Invariant: a batch counts once, on however many servers it waits: fronts write its copies under the locks
 *   of all their servers (`queue/batch-write.ts`), a copy that is made later (`ballots/missing-copies.ts`) has the id
 *   of a batch that was counted, and a copy whose batch MySQL has counts for nothing.
 * Invariant: a missing slot counts for nothing only if no checkpoint has moved since the snapshot, as read from
 *   MySQL *after* the slot was read with the queues frozen. Otherwise the slot may have been committed and
 *   deleted meanwhile: start again. This check can't be left until the locks are released: if MySQL did not
 *   answer then, wrong counters would stay unnoticed.
 * Invariant: votes do not wait for MySQL: its answers have a short deadline while the queues are frozen.
 *
 * A flush between its commit and the end of its corrections is not seen here; the regular comparison
 * (`reconcile.ts`) finds its effect.
 */
import { type Clock, inTime, monotonicMs } from "../base/clock.ts";
import { describeError, type Log } from "../base/log.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { orWhenMemcachedFails } from "../memcached/failure.ts";
import { type Placement, serversUp } from "../memcached/placement.ts";
import type { Epoch, PollId, QueueName } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import type { QueueHomes } from "../queue/queue-homes.ts";
import { readQueues } from "../queue/slots.ts";
import { openCheckpoints } from "../store/checkpoints.ts";
import type { Store } from "../store/database.ts";
import { StoreFailure } from "../store/failure.ts";
import { learnHomes } from "../store/fleet-processes.ts";
import { readTotals, type Totals } from "../store/totals.ts";
import { Backlog } from "./backlog.ts";
import { type Correction, correctCounters, type Wanted } from "./correct-counters.ts";
import { type Freeze, freezeQueues, waitForFreeLocks } from "./freeze-queues.ts";

export interface TallyDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly placement: Placement;
  readonly homes: Pick<QueueHomes, "names" | "raiseTo">;
  /** On how many queue servers each batch is stored when all are up. */
  readonly copies: number;
}

const attemptsMax = 5;
/** A round of reading that found at most so many slots is the last one before the queues are frozen. */
const slotsLeftMax = 32;
const readingRoundsMax = 5;
/** MySQL's deadline while the queues are frozen. */
const askMsMax = 300;
/** The end of the lease that is kept free for writing the counters. */
const writeMs = 250;

/**
 * Makes the tallies of `polls` exact and resolves with the corrections; `undefined` when the queues could not be
 * frozen, or a server could not be reached: try again later.
 *
 * **Cost:** votes wait while the queues are frozen: some milliseconds, or most of a second if MySQL or a server
 * with tallies stops answering at that moment.
 *
 * @throws StoreFailure when MySQL can't be used, or did not answer in time while the queues were frozen.
 */
export async function rebuildTallies(
  deps: TallyDeps,
  polls: readonly Poll[],
): Promise<readonly Correction[] | undefined> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const corrections = await orWhenMemcachedFails(attemptRebuild(deps, polls), async failure => {
      deps.log.warn({ event: "tallies_not_rebuilt", attempt, ...describeError(failure) });
      // Nobody needs the locks after the last attempt, and a reader may be waiting for it.
      if (attempt + 1 === attemptsMax) return undefined;
      const free = waitForFreeLocks(serversUp(deps.placement.queueServers), deps.homes.names);
      await orWhenMemcachedFails(free, () => undefined);
      return undefined;
    });
    if (corrections) return corrections;
  }
  return undefined;
}

/** A snapshot of MySQL, and the slots that wait after it. */
interface Snapshot {
  readonly totals: ReadonlyMap<PollId, Totals>;
  readonly checkpoints: ReadonlyMap<Epoch, number>;
  readonly backlog: Backlog;
}

/** Servers that are away are left out: with two copies, their slots are on another server as well. */
function attemptRebuild(
  deps: TallyDeps,
  polls: readonly Poll[],
): Promise<readonly Correction[] | undefined> {
  const ids = polls.map(poll => poll.id);
  const servers = serversUp(deps.placement.queueServers);
  return deps.store.transaction(async db => {
    // Another machine may have more homes than this process knows: their slots count, too.
    await learnHomes(db, deps.homes);
    const totals = await readTotals(db, ids);
    const open = await openCheckpoints(db);
    const checkpoints = new Map(open.map(({ epoch, slot }) => [epoch, slot]));
    const backlog = new Backlog(db, new Set(polls.map(({ key }) => key)), checkpoints);
    const snapshot = { totals, checkpoints, backlog };
    await catchUp(servers, deps.homes.names, backlog);
    if (await mayHaveMissed(deps.store, snapshot)) return undefined;
    const freeze = await freezeQueues(servers, deps.homes.names);
    try {
      return await correctFrozen(deps, polls, snapshot, freeze);
    } finally {
      await freeze.release();
    }
  }, true);
}

/** Reads the waiting slots, again and again until a round finds hardly any. */
async function catchUp(
  servers: readonly MemcachedClient[],
  names: readonly QueueName[],
  backlog: Backlog,
): Promise<void> {
  for (let round = 0; round < readingRoundsMax; round++) {
    let found = 0;
    for (const server of servers) {
      for (const state of await readQueues(server, names)) {
        found += await backlog.read({ server, state });
        await backlog.addUp();
      }
    }
    if (found <= slotsLeftMax) return;
  }
}

/** True when a slot was missing that may have been committed and deleted since the snapshot. */
async function mayHaveMissed(store: Store, { backlog, checkpoints }: Snapshot): Promise<boolean> {
  if (!backlog.hasMissing) return false;
  const now = await openCheckpoints(store);
  return now.some(open => open.slot !== (checkpoints.get(open.epoch) ?? 0));
}

/** Called with the queues frozen. */
async function correctFrozen(
  deps: TallyDeps,
  polls: readonly Poll[],
  snapshot: Snapshot,
  { queues, sureUntilMs }: Freeze,
): Promise<readonly Correction[] | undefined> {
  const { backlog } = snapshot;
  await Promise.all(queues.map(queue => backlog.read(queue)));
  const leftMs = sureUntilMs - writeMs - monotonicMs();
  if (leftMs <= 0) return undefined;
  const [missed] = await inTime(
    Promise.all([mayHaveMissed(deps.store, snapshot), backlog.addUp()]),
    Math.min(askMsMax, leftMs),
    tooSlow,
  );
  if (missed) return undefined;
  return correctCounters(deps, polls, wantedOf(snapshot), sureUntilMs);
}

/** A StoreFailure, so that the connection is thrown away. */
const tooSlow = () =>
  new StoreFailure(
    "unavailable",
    "no answer in time while the queues were frozen",
    undefined,
    undefined,
  );

function wantedOf({ totals, backlog: { sums } }: Snapshot): Wanted {
  return ({ id, key }, part) => {
    const [stored, waiting] = [totals.get(id), sums.get(key)];
    if (part === "b") return (stored?.ballots ?? 0) + (waiting?.ballots ?? 0);
    return (stored?.votes.get(part) ?? 0) + (waiting?.votes.get(part) ?? 0);
  };
}
