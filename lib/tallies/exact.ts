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
 * Invariant: a batch counts once, on however many servers it waits: fronts write its copies under the locks
 *   of all their servers (`queue/enqueue.ts`), and a copy whose batch MySQL has counts for nothing.
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
import { isMemcachedFailure, MemcachedFailure } from "../memcached/failure.ts";
import { tallyKey } from "../memcached/keys.ts";
import { counterValue, Pipeline } from "../memcached/pipeline.ts";
import type { Places } from "../memcached/places.ts";
import { lookAtQueues, readSlots } from "../queue/drain.ts";
import { type HeldQueue, holdQueues } from "../queue/hold.ts";
import { type Batch, decodeBatch } from "../queue/slot-codec.ts";
import { knownBatches } from "../store/batches.ts";
import { openCheckpoints } from "../store/checkpoints.ts";
import type { Poll } from "../store/polls.ts";
import type { Database, Store } from "../store/pool.ts";
import { readTotals, type Totals } from "../store/totals.ts";
import { firstVersion } from "./counters.ts";
import { partsOf } from "./parts.ts";
import { SumsByPoll, type TallyChange } from "./sums.ts";

export interface TallyDeps {
  readonly store: Store;
  readonly log: Log;
  /** Where tallies live. */
  readonly tallies: Places;
  /** Servers that queues live on. */
  readonly queueServers: readonly MemcachedClient[];
  readonly queueNames: readonly QueueName[];
  /** On how many queue servers a batch is, if they are up. */
  readonly copies: number;
}

/** One counter that was found off, and is right now. */
export interface Mended {
  readonly pollId: PollId;
  /** A measure of an option, or `b` for the ballots. */
  readonly part: TallyPart | "b";
  /** `null`: it was missing. */
  readonly was: number | null;
  readonly is: number;
}

const triesMax = 5;
const batchesPerQuery = 1_000;
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

/** Servers that are away are left out: with two copies, what they hold is on another one, too. */
function attemptExact(
  deps: TallyDeps,
  polls: readonly Poll[],
): Promise<readonly Mended[] | undefined> {
  const ids = polls.map(poll => poll.id);
  const servers = deps.queueServers.filter(({ available }) => available);
  return deps.store.transaction(async snapshot => {
    const totals = await readTotals(snapshot, ids);
    const open = await openCheckpoints(snapshot);
    const checkpoints = new Map(open.map(({ epoch, slot }) => [epoch, slot]));
    const backlog = new Backlog(snapshot, new Set(ids), checkpoints);
    for (const server of servers) {
      for (const look of await lookAtQueues(server, deps.queueNames)) {
        await backlog.read({ server, look });
      }
    }
    const hold = await holdQueues(servers, deps.queueNames);
    try {
      for (const held of hold.queues) await backlog.read(held);
      if (backlog.hasGaps && (await anyMoved(deps.store, checkpoints))) return undefined;
      if (monotonicMs() > hold.sureUntilMs - writeMs) return undefined;
      return await write(deps, polls, totals, backlog.sums);
    } finally {
      await hold.release();
    }
  }, true);
}

async function anyMoved(store: Store, checkpoints: ReadonlyMap<Epoch, number>): Promise<boolean> {
  const now = await openCheckpoints(store);
  return now.some(open => open.slot !== (checkpoints.get(open.epoch) ?? 0));
}

/**
 * What waits behind a snapshot's checkpoints, read in as many portions as it takes. A batch counts once,
 * wherever its copies wait, and not at all when the snapshot has it.
 */
class Backlog {
  readonly #sums = new SumsByPoll();
  readonly #snapshot: Database;
  readonly #polls: ReadonlySet<PollId>;
  readonly #checkpoints: ReadonlyMap<Epoch, number>;
  readonly #batches = new Set<string>();
  /** Newest number looked at, and the numbers before it that had no slot. */
  readonly #progress = new Map<Epoch, { last: number; missing: number[] }>();

  constructor(
    snapshot: Database,
    polls: ReadonlySet<PollId>,
    checkpoints: ReadonlyMap<Epoch, number>,
  ) {
    this.#snapshot = snapshot;
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
    await this.#add([...found.values()].flatMap(bytes => batchIn(bytes) ?? []));
    this.#progress.set(look.epoch, {
      last: Math.max(before.last, look.pointer),
      missing: wanted.filter(slot => !found.has(slot)),
    });
  }

  async #add(batches: readonly Batch[]): Promise<void> {
    const unseen = batches.filter(({ id }) => !this.#batches.has(id.toString("hex")));
    for (let at = 0; at < unseen.length; at += batchesPerQuery) {
      const portion = unseen.slice(at, at + batchesPerQuery);
      const ids = portion.map(({ id }) => id);
      const stored = await knownBatches(this.#snapshot, ids);
      for (const batch of portion) this.#addOne(batch, stored.has(batch.id.toString("hex")));
    }
  }

  #addOne({ id, ballots }: Batch, stored: boolean): void {
    const key = id.toString("hex");
    if (this.#batches.has(key)) return;
    this.#batches.add(key);
    if (stored) return;
    for (const ballot of ballots) {
      if (this.#polls.has(ballot.pollId)) this.#sums.addMoved(ballot);
    }
  }
}

/** A slot that does not decode moved no tally that anybody could tell. */
function batchIn(bytes: Buffer): Batch | null {
  try {
    return decodeBatch(bytes);
  } catch {
    return null;
  }
}

/** Makes every counter what it should be, on each server that is up. */
async function write(
  deps: TallyDeps,
  polls: readonly Poll[],
  totals: ReadonlyMap<PollId, Totals>,
  waiting: ReadonlyMap<PollId, TallyChange>,
): Promise<readonly Mended[]> {
  const mended: Mended[] = [];
  for (const poll of polls) {
    const up = deps.tallies.of(poll.id).filter(({ available }) => available);
    if (up.length === 0) throw new MemcachedFailure("not_sent", "no server for these tallies");
    const wanted = (part: Part) => wantedValue(part, totals.get(poll.id), waiting.get(poll.id));
    const copies = await Promise.all(up.map(server => readParts(server, poll)));
    // Copies go on from one version, above all that was shown.
    const version = Math.max(firstVersionIf(copies), ...copies.map(copy => copy.get("v") ?? 0)) + 1;
    for (const [index, server] of up.entries()) {
      const off = await writeParts(server, poll, copies[index] ?? new Map(), wanted, version);
      mended.push(...off);
    }
  }
  return mended;
}

type Part = TallyPart | "b" | "v";
type Parts = ReadonlyMap<Part, number | null>;

async function readParts(server: MemcachedClient, poll: Poll): Promise<Parts> {
  const p = new Pipeline();
  const parts: Part[] = ["b", "v", ...partsOf(poll)];
  const ops = parts.map(part => [part, p.get(tallyKey(poll.id, part))] as const);
  const r = await server.read(p);
  return new Map(
    ops.map(([part, op]) => {
      const value = counterValue(r.of(op));
      return [part, value === null ? null : Number(value)] as const;
    }),
  );
}

/** A copy that has lost its version begins above all earlier ones. */
function firstVersionIf(copies: readonly Parts[]): number {
  return copies.some(copy => copy.get("v") === null) ? firstVersion(wallMs()) : 0;
}

/** Moves the counters that exist and adds those that don't; resolves with those that were off. */
async function writeParts(
  server: MemcachedClient,
  poll: Poll,
  parts: Parts,
  wanted: (part: Part) => number,
  version: number,
): Promise<readonly Mended[]> {
  const p = new Pipeline();
  const make = (part: Part, was: number | null, is: number) => {
    if (was === null) p.add(tallyKey(poll.id, part), String(is), 0);
    else if (was < is) p.incr(tallyKey(poll.id, part), is - was);
    else if (was > is) p.decr(tallyKey(poll.id, part), was - is);
    return was !== is;
  };
  const mended: Mended[] = [];
  for (const [part, was] of parts) {
    if (part === "v") continue;
    const is = wanted(part);
    if (make(part, was, is)) mended.push({ pollId: poll.id, part, was, is });
  }
  make("v", parts.get("v") ?? null, version);
  await server.send(p);
  return mended;
}

function wantedValue(
  part: Part,
  totals: Totals | undefined,
  waiting: TallyChange | undefined,
): number {
  if (part === "b") return (totals?.ballots ?? 0) + (waiting?.ballots ?? 0);
  if (part === "v") throw new RangeError("a version follows from no totals");
  return (totals?.votes.get(part) ?? 0) + (waiting?.votes.get(part) ?? 0);
}
