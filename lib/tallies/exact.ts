/**
 * Making tallies exact: from MySQL's totals at the checkpoints, plus the slots behind them, with all
 * queues held still. For a server that lost its memory, and for mending drift.
 *
 * 1. One snapshot of MySQL: totals and checkpoints of the same moment.
 * 2. Without any lock: the slots that waited behind those checkpoints, however many.
 * 3. With all locks held: the few slots that came since; then the counters are made or moved by the
 *    difference, and the locks released. Nobody is between a slot and its tallies then.
 *
 * What a waiting slot adds is what its ballots moved the tallies by when they were accepted (`tallied`),
 * not what they will turn out to be: the flush corrects the tallies by the difference later.
 *
 * Invariant: a slot that was missing counts for nothing only if its queue's checkpoint has not moved
 *   since the snapshot; otherwise it may have been committed and deleted meanwhile: start again.
 *
 * What this can't see is a flush that has committed and not yet corrected the tallies; the regular
 * comparison (`reconcile.ts`) finds that, if a worker died just then.
 */
import { monotonicMs, wallMs } from "../clock.ts";
import type { Epoch, PollId, QueueName, TallyPart } from "../ids.ts";
import { describeError, type Log } from "../log.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { isMemcachedFailure } from "../memcached/failure.ts";
import { tallyKey } from "../memcached/keys.ts";
import { counterValue, type Op, Pipeline } from "../memcached/pipeline.ts";
import { lookAtQueues, readSlots } from "../queue/drain.ts";
import { type HeldQueue, holdQueues } from "../queue/hold.ts";
import { decodeBatch } from "../queue/slot-codec.ts";
import { openCheckpoints } from "../store/checkpoints.ts";
import type { Poll } from "../store/polls.ts";
import type { Store } from "../store/pool.ts";
import { readTotals, type Totals } from "../store/totals.ts";
import { firstVersion, tallyServer } from "./counters.ts";
import { partsOf } from "./parts.ts";
import { SumsByPoll, type TallyChange } from "./sums.ts";

export interface TallyDeps {
  readonly store: Store;
  readonly log: Log;
  /** Servers that tallies live on. */
  readonly tallyServers: readonly MemcachedClient[];
  /** Servers that queues live on. */
  readonly queueServers: readonly MemcachedClient[];
  readonly queueNames: readonly QueueName[];
}

/** One counter that was found off, and is right now. */
export interface Mended {
  readonly pollId: PollId;
  /** Option number, or `b` for the ballots. */
  readonly part: TallyPart | "b";
  /** `null`: it was missing. */
  readonly was: number | null;
  readonly is: number;
}

const triesMax = 5;
/** Time that writing the counters takes at most, kept free at the end of the lease. */
const writeMs = 250;

/**
 * Makes the tallies of `polls` exact and resolves with what had to be changed; `undefined` when the
 * queues could not be held still, or a server could not be asked: try again later.
 *
 * Voting waits while the locks are held: some milliseconds.
 *
 * @throws StoreFailure when MySQL can't be used.
 */
export async function makeTalliesExact(
  deps: TallyDeps,
  polls: readonly Poll[],
): Promise<readonly Mended[] | undefined> {
  for (let attempt = 0; attempt < triesMax; attempt++) {
    try {
      const mended = await attemptExact(deps, polls);
      if (mended) return mended;
    } catch (error) {
      if (!isMemcachedFailure(error)) throw error;
      deps.log.warn({ event: "tallies_not_exact", attempt, ...describeError(error) });
    }
  }
  return undefined;
}

async function attemptExact(
  deps: TallyDeps,
  polls: readonly Poll[],
): Promise<readonly Mended[] | undefined> {
  const ids = polls.map(poll => poll.id);
  const { totals, checkpoints } = await snapshot(deps.store, ids);
  const backlog = new Backlog(new Set(ids), checkpoints);
  for (const server of deps.queueServers) {
    for (const look of await lookAtQueues(server, deps.queueNames))
      await backlog.read({ server, look });
  }
  const hold = await holdQueues(deps.queueServers, deps.queueNames);
  try {
    for (const held of hold.queues) await backlog.read(held);
    if (backlog.hasGaps && (await anyMoved(deps.store, checkpoints))) return undefined;
    if (monotonicMs() > hold.sureUntilMs - writeMs) return undefined;
    return await write(deps, polls, totals, backlog.sums);
  } finally {
    await hold.release();
  }
}

function snapshot(store: Store, ids: readonly PollId[]) {
  return store.transaction(async db => {
    const totals = await readTotals(db, ids);
    const checkpoints = await openCheckpoints(db);
    return { totals, checkpoints: new Map(checkpoints.map(open => [open.epoch, open.slot])) };
  }, true);
}

async function anyMoved(store: Store, checkpoints: ReadonlyMap<Epoch, number>): Promise<boolean> {
  const now = await openCheckpoints(store);
  return now.some(open => open.slot !== (checkpoints.get(open.epoch) ?? 0));
}

/** What waits behind a snapshot's checkpoints, read in as many portions as it takes. */
class Backlog {
  readonly #sums = new SumsByPoll();
  readonly #polls: ReadonlySet<PollId>;
  readonly #checkpoints: ReadonlyMap<Epoch, number>;
  /** Newest number looked at, and the numbers before it that had no slot. */
  readonly #progress = new Map<Epoch, { last: number; missing: number[] }>();

  constructor(polls: ReadonlySet<PollId>, checkpoints: ReadonlyMap<Epoch, number>) {
    this.#polls = polls;
    this.#checkpoints = checkpoints;
  }

  get sums(): ReadonlyMap<PollId, TallyChange> {
    return this.#sums.byPoll;
  }

  get hasGaps(): boolean {
    return [...this.#progress.values()].some(({ missing }) => missing.length > 0);
  }

  /** Reads what came since the last time, and what was missing then. */
  async read({ server, look }: HeldQueue): Promise<void> {
    const before = this.#progress.get(look.epoch) ?? {
      last: this.#checkpoints.get(look.epoch) ?? 0,
      missing: [],
    };
    const fresh = Array.from(
      { length: Math.max(0, look.pointer - before.last) },
      (_, index) => before.last + 1 + index,
    );
    const wanted = [...before.missing, ...fresh];
    const found = await readSlots(server, look.queue, look.epoch, wanted);
    for (const bytes of found.values()) this.#add(bytes);
    this.#progress.set(look.epoch, {
      last: Math.max(before.last, look.pointer),
      missing: wanted.filter(slot => !found.has(slot)),
    });
  }

  #add(bytes: Buffer): void {
    for (const ballot of ballotsIn(bytes)) {
      if (ballot.tallied && this.#polls.has(ballot.pollId)) this.#sums.add(ballot, 1);
    }
  }
}

/** A slot that does not decode moved no tally that anybody could tell. */
function ballotsIn(bytes: Buffer) {
  try {
    return decodeBatch(bytes)?.ballots ?? [];
  } catch {
    return [];
  }
}

/** Makes every counter what it should be, moving those that exist and adding those that don't. */
async function write(
  deps: TallyDeps,
  polls: readonly Poll[],
  totals: ReadonlyMap<PollId, Totals>,
  waiting: ReadonlyMap<PollId, TallyChange>,
): Promise<readonly Mended[]> {
  const mended: Mended[] = [];
  for (const poll of polls) {
    const server = tallyServer(deps.tallyServers, poll.id);
    const parts = ["b", ...partsOf(poll)] as const;
    const first = new Pipeline();
    const reads: (readonly [(typeof parts)[number], Op<Buffer | null>])[] = parts.map(part => [
      part,
      first.get(tallyKey(poll.id, part)),
    ]);
    const r = await server.read(first);
    const second = new Pipeline();
    for (const [part, op] of reads) {
      const was = counterValue(r.of(op));
      const is = wantedValue(part, totals.get(poll.id), waiting.get(poll.id));
      if (was === null) second.add(tallyKey(poll.id, part), String(is), 0);
      else if (Number(was) < is) second.incr(tallyKey(poll.id, part), is - Number(was));
      else if (Number(was) > is) second.decr(tallyKey(poll.id, part), Number(was) - is);
      else continue;
      mended.push({ pollId: poll.id, part, was: was === null ? null : Number(was), is });
    }
    second.add(tallyKey(poll.id, "v"), String(firstVersion(wallMs())), 0);
    if (second.size > 1) second.incr(tallyKey(poll.id, "v"), 1);
    await server.send(second);
  }
  return mended;
}

function wantedValue(
  part: TallyPart | "b",
  totals: Totals | undefined,
  waiting: TallyChange | undefined,
): number {
  if (part === "b") return (totals?.ballots ?? 0) + (waiting?.ballots ?? 0);
  return (totals?.votes.get(part) ?? 0) + (waiting?.votes.get(part) ?? 0);
}
