/**
 * Making tallies exact: from MySQL's totals at the checkpoints, plus the slots behind them, with all
 * queues held still. For a server that lost its memory, and for mending drift.
 *
 * 1. One snapshot of MySQL: totals and checkpoints of the same moment.
 * 2. Without any lock: the slots that waited behind those checkpoints, however many, until hardly any come
 *    in between.
 * 3. With all locks held: the few slots that came since; then the counters are made or moved by the
 *    difference, and the locks released. Nobody is between a slot and its tallies then.
 *
 * What a waiting slot adds is what its ballots moved the tallies by when they were accepted (`tallied`),
 * not what they will turn out to be: the flush corrects the tallies by the difference later.
 *
 * Invariant: a batch counts once, on however many servers it waits: fronts write its copies under the locks
 *   of all their servers (`queue/batch-write.ts`), and a copy whose batch MySQL has counts for nothing.
 * Invariant: a slot that was missing counts for nothing only if no checkpoint has moved since the snapshot,
 *   as MySQL says *after* the slot was looked for under the locks; otherwise it may have been committed and
 *   deleted meanwhile: start again. That can't wait until the locks are released: what was written by then
 *   might be wrong, and nobody would know if MySQL did not answer.
 * Invariant: votes do not wait for MySQL: it has a moment to answer what it must still be asked while the
 *   locks are held.
 *
 * What this can't see is a flush that is between its commit and the end of its corrections just then; the
 * regular comparison (`reconcile.ts`) finds that.
 */
import { inTime, monotonicMs } from "../base/clock.ts";
import { describeError, type Log } from "../base/log.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { orWhenAway } from "../memcached/failure.ts";
import { type Placement, serversUp } from "../memcached/placement.ts";
import type { Epoch, PollId, QueueName } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import { readQueues } from "../queue/slots.ts";
import { openCheckpoints } from "../store/checkpoints.ts";
import type { Store } from "../store/database.ts";
import { StoreFailure } from "../store/failure.ts";
import { readTotals, type Totals } from "../store/totals.ts";
import { Backlog } from "./backlog.ts";
import { type Correction, correctCounters, type Wanted } from "./correct-counters.ts";
import { type Freeze, freezeQueues } from "./freeze-queues.ts";

export interface TallyDeps {
  readonly store: Store;
  readonly log: Log;
  /** Where tallies live. */
  readonly tallies: Placement;
  /** Servers that queues live on. */
  readonly queueServers: readonly MemcachedClient[];
  readonly queueNames: readonly QueueName[];
  /** On how many queue servers a batch is, if they are up. */
  readonly copies: number;
}

const triesMax = 5;
/** With at most so many slots come during a round of reading, the rest is left for the locks. */
const slotsLeftMax = 32;
const readingRoundsMax = 5;
/** Of the time in which the locks are ours, MySQL gets this much at most. */
const askMsMax = 300;
/** Time that writing the counters takes, kept free at the end of the lease. */
const writeMs = 250;

/**
 * Makes the tallies of `polls` exact and resolves with what had to be changed; `undefined` when the
 * queues could not be held still, or a server could not be asked: try again later.
 *
 * Voting waits while the locks are held: some milliseconds; most of a second if MySQL, or a server with
 * tallies, just then stops answering.
 *
 * @throws StoreFailure when MySQL can't be used, or did not answer in time with the locks held.
 */
export async function rebuildTallies(
  deps: TallyDeps,
  polls: readonly Poll[],
): Promise<readonly Correction[] | undefined> {
  for (let attempt = 0; attempt < triesMax; attempt++) {
    const corrections = await orWhenAway(attemptExact(deps, polls), failure => {
      deps.log.warn({ event: "tallies_not_exact", attempt, ...describeError(failure) });
    });
    if (corrections) return corrections;
  }
  return undefined;
}

/** What a snapshot of MySQL says, and what waits behind it. */
interface Known {
  readonly totals: ReadonlyMap<PollId, Totals>;
  readonly checkpoints: ReadonlyMap<Epoch, number>;
  readonly backlog: Backlog;
}

/** Servers that are away are left out: with two copies, what they hold is on another one, too. */
function attemptExact(
  deps: TallyDeps,
  polls: readonly Poll[],
): Promise<readonly Correction[] | undefined> {
  const ids = polls.map(poll => poll.id);
  const servers = serversUp(deps.queueServers);
  return deps.store.transaction(async snapshot => {
    const totals = await readTotals(snapshot, ids);
    const open = await openCheckpoints(snapshot);
    const checkpoints = new Map(open.map(({ epoch, slot }) => [epoch, slot]));
    const backlog = new Backlog(snapshot, new Set(ids), checkpoints);
    const known = { totals, checkpoints, backlog };
    await catchUp(servers, deps.queueNames, backlog);
    if (await missedAny(deps.store, known)) return undefined;
    const hold = await freezeQueues(servers, deps.queueNames);
    try {
      return await mendHeld(deps, polls, known, hold);
    } finally {
      await hold.release();
    }
  }, true);
}

/** Reads what waits, again and again until hardly anything comes meanwhile. */
async function catchUp(
  servers: readonly MemcachedClient[],
  names: readonly QueueName[],
  backlog: Backlog,
): Promise<void> {
  for (let round = 0; round < readingRoundsMax; round++) {
    let came = 0;
    for (const server of servers) {
      for (const look of await readQueues(server, names)) {
        came += await backlog.read({ server, look });
        await backlog.addUp();
      }
    }
    if (came <= slotsLeftMax) return;
  }
}

/** A slot was missing, and may have been committed and deleted since the snapshot. */
async function missedAny(store: Store, { backlog, checkpoints }: Known): Promise<boolean> {
  if (!backlog.hasGaps) return false;
  const now = await openCheckpoints(store);
  return now.some(open => open.slot !== (checkpoints.get(open.epoch) ?? 0));
}

/** With the locks held. */
async function mendHeld(
  deps: TallyDeps,
  polls: readonly Poll[],
  known: Known,
  { queues, sureUntilMs }: Freeze,
): Promise<readonly Correction[] | undefined> {
  const { backlog } = known;
  await Promise.all(queues.map(held => backlog.read(held)));
  const leftMs = sureUntilMs - writeMs - monotonicMs();
  if (leftMs <= 0) return undefined;
  const missed = await inTime(
    Promise.all([missedAny(deps.store, known), backlog.addUp()]),
    Math.min(askMsMax, leftMs),
    tooSlow,
  );
  if (missed[0]) return undefined;
  return correctCounters(deps.tallies, polls, wantedOf(known), sureUntilMs);
}

/** So the connection that it is asked over is thrown away. */
const tooSlow = () =>
  new StoreFailure("unavailable", "too slow for held queues", undefined, undefined);

function wantedOf({ totals, backlog: { sums } }: Known): Wanted {
  return (id, part) => {
    const [stored, waiting] = [totals.get(id), sums.get(id)];
    if (part === "b") return (stored?.ballots ?? 0) + (waiting?.ballots ?? 0);
    return (stored?.votes.get(part) ?? 0) + (waiting?.votes.get(part) ?? 0);
  };
}
