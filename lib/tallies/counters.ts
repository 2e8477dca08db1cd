/**
 * Tallies: the running totals of a poll as counters in memcached.
 *
 * One counter for each option, one for the ballots, one that numbers the versions of the results. They
 * are made when the poll is, or by a rebuild, and are otherwise only ever moved: up when a ballot is
 * accepted, in the write that enqueues it; down when a flush finds that it was a duplicate. A counter
 * that is missing is never created by moving it (`incr` without create), so a server that lost its
 * memory shows holes instead of small numbers.
 *
 * A poll's tallies live on as many servers as there are copies, by a fixed rule, and every move is made on
 * all of them; they are read from the first that is up. One that was away and missed a move is taken away
 * (`missed.ts`), and made again exactly (`exact.ts`).
 */

import type { MemcachedClient } from "../memcached/client.ts";
import { isMemcachedFailure, orWhenAway } from "../memcached/failure.ts";
import { tallyKey } from "../memcached/keys.ts";
import {
  type CounterReply,
  counterValue,
  type Op,
  Pipeline,
  type Replies,
} from "../memcached/pipeline.ts";
import type { Placement } from "../memcached/placement.ts";
import type { PollId, TallyPart } from "../model/ids.ts";
import type { TallyChange } from "../model/tally-sums.ts";

/** What the counters of a poll say. */
export interface Tally {
  readonly ballots: number;
  readonly votes: ReadonlyMap<TallyPart, number>;
  /** Rises with every change, also across a rebuild; each server's copy counts its own. */
  readonly version: number;
  /** Of the ballots, those that MySQL has, as the worker said last; `null`: it has not said. */
  readonly stored: number | null;
  /** Name of the server that said so; `undefined`: MySQL. */
  readonly from: string | undefined;
}

/** Some counters of a poll, as an `incr` answered them. */
export interface TallyGlimpse {
  readonly ballots: number | undefined;
  readonly votes: ReadonlyMap<TallyPart, number>;
  readonly version: number | undefined;
  /** Name of the server that said so. */
  readonly from: string;
}

/**
 * Where a poll's version numbers begin: a moment in sixteenths of milliseconds, so that a rebuild after
 * a loss of memory begins above whatever was counted before it, at up to 16,000 changes a second.
 */
export function firstVersion(nowMs: number): number {
  return nowMs * 16;
}

/**
 * The tally of a poll from the first of its servers that has it; `undefined` when those that can be asked
 * don't. One round trip, nearly always.
 *
 * @throws MemcachedFailure when none can be asked.
 */
export async function currentTally(
  placement: Placement,
  poll: PollId,
  options: readonly TallyPart[],
): Promise<Tally | undefined> {
  let answered = false;
  let failure: unknown;
  const up = placement.up(poll);
  for (const server of up.length > 0 ? up : placement.of(poll)) {
    try {
      const tally = await readTally(server, poll, options);
      if (tally) return tally;
      answered = true;
    } catch (error) {
      if (!isMemcachedFailure(error)) throw error;
      failure = error;
    }
  }
  if (!answered) throw failure;
  return undefined;
}

/**
 * The tally of a poll on one server; `undefined` when any of its counters is missing. One round trip.
 *
 * @throws MemcachedFailure when the server can't be asked.
 */
export async function readTally(
  server: MemcachedClient,
  poll: PollId,
  options: readonly TallyPart[],
): Promise<Tally | undefined> {
  const p = new Pipeline();
  // First, as moves write it last: so what is read holds every change up to this version.
  const versionOp = p.get(tallyKey(poll, "v"));
  const ballotsOp = p.get(tallyKey(poll, "b"));
  const storedOp = p.get(tallyKey(poll, "s"));
  const optionOps = options.map(option => p.get(tallyKey(poll, option)));
  const r = await server.read(p);
  const ballots = counterValue(r.of(ballotsOp));
  const version = counterValue(r.of(versionOp));
  const votes = new Map<TallyPart, number>();
  for (const [index, op] of optionOps.entries()) {
    const option = options[index];
    const value = counterValue(r.of(op));
    if (option === undefined || value === null) return undefined;
    votes.set(option, Number(value));
  }
  if (ballots === null || version === null) return undefined;
  const stored = counterValue(r.of(storedOp));
  return {
    ballots: Number(ballots),
    votes,
    version: Number(version),
    from: server.name,
    stored: stored === null ? null : Number(stored),
  };
}

/** Counter moves of one poll that were added to a pipeline. */
interface Moves {
  readonly poll: PollId;
  readonly ballots: Op<CounterReply> | undefined;
  readonly version: Op<CounterReply>;
  readonly votes: readonly (readonly [TallyPart, Op<CounterReply>])[];
}

/** Adds the moves of one poll to a pipeline. Nothing is created. */
export function moveTally(p: Pipeline, poll: PollId, change: TallyChange): Moves {
  const move = (part: TallyPart | "b", by: number) =>
    by < 0 ? p.decr(tallyKey(poll, part), -by) : p.incr(tallyKey(poll, part), by);
  return {
    poll,
    ballots: change.ballots === 0 ? undefined : move("b", change.ballots),
    votes: [...change.votes]
      .filter(([, by]) => by !== 0)
      .map(([option, by]) => [option, move(option, by)] as const),
    version: p.incr(tallyKey(poll, "v"), 1),
  };
}

/** What the moves answered; `undefined` when a counter of the poll is missing. */
export function glimpse(moves: Moves, replies: Replies, from: string): TallyGlimpse | undefined {
  const read = (op: Op<CounterReply>) => {
    const value = replies.of(op);
    return typeof value === "bigint" ? Number(value) : undefined;
  };
  const votes = new Map<TallyPart, number>();
  for (const [option, op] of moves.votes) {
    const value = read(op);
    if (value === undefined) return undefined;
    votes.set(option, value);
  }
  return {
    ballots: moves.ballots && read(moves.ballots),
    votes,
    version: read(moves.version),
    from,
  };
}

/**
 * Makes the counters of a poll that was just created, and so has no ballots. Where a server is away, the
 * first reader's look, or the worker, will make them.
 */
export async function createTally(
  placement: Placement,
  poll: PollId,
  options: readonly TallyPart[],
  nowMs: number,
): Promise<void> {
  const version = String(firstVersion(nowMs));
  await onEach(placement.of(poll), async server => {
    const p = new Pipeline();
    for (const part of ["b", ...options] as const) p.add(tallyKey(poll, part), "0", 0);
    p.add(tallyKey(poll, "v"), version, 0);
    await server.send(p);
  });
}

/**
 * Moves the tallies of several polls, on all their servers; resolves with the polls of each server that
 * could not be written, or did not answer.
 */
export async function moveTallies(
  placement: Placement,
  changes: ReadonlyMap<PollId, TallyChange>,
): Promise<ReadonlyMap<MemcachedClient, readonly PollId[]>> {
  const byServer = new Map<MemcachedClient, [PollId, TallyChange][]>();
  for (const [poll, change] of changes) {
    for (const server of placement.of(poll)) {
      byServer.set(server, [...(byServer.get(server) ?? []), [poll, change]]);
    }
  }
  const failed = await onEach([...byServer.keys()], async server => {
    const p = new Pipeline();
    for (const [poll, change] of byServer.get(server) ?? []) moveTally(p, poll, change);
    await server.send(p);
  });
  return new Map(
    failed.map(server => [server, (byServer.get(server) ?? []).map(([poll]) => poll)]),
  );
}

/** Does the same on several servers at once; resolves with those that could not be written. */
async function onEach(
  servers: readonly MemcachedClient[],
  work: (server: MemcachedClient) => Promise<void>,
): Promise<MemcachedClient[]> {
  const failed: MemcachedClient[] = [];
  await Promise.all(servers.map(server => orWhenAway(work(server), () => failed.push(server))));
  return failed;
}
