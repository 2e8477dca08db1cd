/**
 * Tallies: the running totals of a poll as counters in memcached.
 *
 * One counter for each part, one for the ballots, and one for the version of the results. They are created with
 * the poll or by a rebuild, and otherwise only moved: up when a ballot is accepted, in the write that enqueues it;
 * down when a flush finds that it was a duplicate. Moving a missing counter does not create it (`incr` without
 * create), so a server that lost its memory has no tally rather than one with small numbers.
 *
 * A poll's tallies are on as many servers as there are copies, by a fixed rule. Every move is made on all of them,
 * and they are read from the first that is up. A tally that missed a move is stale: it is removed
 * (`stale-tallies.ts`), and rebuilt (`rebuild/rebuild.ts`).
 */
import type { MemcachedClient } from "../memcached/client.ts";
import { isMemcachedFailure, orWhenMemcachedFails } from "../memcached/failure.ts";
import { tallyKey } from "../memcached/keys.ts";
import {
  type CounterReply,
  counterValue,
  type Op,
  Pipeline,
  type Replies,
} from "../memcached/pipeline.ts";
import type { Placement } from "../memcached/placement.ts";
import type { PollKey, TallyPart } from "../model/ids.ts";
import type { TallyChange } from "../model/tally-sums.ts";

/** The counters of a poll. */
export interface Tally {
  readonly ballots: number;
  readonly votes: ReadonlyMap<TallyPart, number>;
  /** Rises with every change, also across a rebuild; each server has its own. */
  readonly version: number;
  /** How many of the ballots MySQL has, as the worker last wrote; `null`: it has not written it yet. */
  readonly stored: number | null;
  /** Name of the server that it was read from; `undefined`: MySQL. */
  readonly from: string | undefined;
}

/** Some counters of a poll, from the answers to their moves. */
export interface PartialTally {
  readonly ballots: number | undefined;
  readonly votes: ReadonlyMap<TallyPart, number>;
  readonly version: number | undefined;
  /** Name of the server that answered. */
  readonly from: string;
}

/**
 * The first version of a poll's results: the time in sixteenths of milliseconds. So a rebuild after a loss of memory
 * starts above every earlier version, at up to 16,000 changes a second.
 */
export function firstVersion(nowMs: number): number {
  return nowMs * 16;
}

/**
 * The tally of a poll from the first of its servers that has it; `undefined` when no server that answers has it.
 * Usually one round trip.
 *
 * @throws MemcachedFailure when no server answers.
 */
export async function currentTally(
  placement: Placement,
  poll: PollKey,
  parts: readonly TallyPart[],
): Promise<Tally | undefined> {
  let answered = false;
  let failure: unknown;
  const up = placement.up(poll);
  for (const server of up.length > 0 ? up : placement.of(poll)) {
    try {
      const tally = await readTally(server, poll, parts);
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
 * @throws MemcachedFailure when the server does not answer.
 */
export async function readTally(
  server: MemcachedClient,
  poll: PollKey,
  parts: readonly TallyPart[],
): Promise<Tally | undefined> {
  const pipeline = new Pipeline();
  // The version is read first, because moves write it last: the counters have every change up to it.
  const versionOp = pipeline.get(tallyKey(poll, "v"));
  const ballotsOp = pipeline.get(tallyKey(poll, "b"));
  const storedOp = pipeline.get(tallyKey(poll, "s"));
  const partOps = parts.map(part => pipeline.get(tallyKey(poll, part)));
  const replies = await server.read(pipeline);
  const ballots = counterValue(replies.of(ballotsOp));
  const version = counterValue(replies.of(versionOp));
  const votes = new Map<TallyPart, number>();
  for (const [index, op] of partOps.entries()) {
    const part = parts[index];
    const value = counterValue(replies.of(op));
    if (part === undefined || value === null) return undefined;
    votes.set(part, Number(value));
  }
  if (ballots === null || version === null) return undefined;
  const stored = counterValue(replies.of(storedOp));
  return {
    ballots: Number(ballots),
    votes,
    version: Number(version),
    from: server.name,
    stored: stored === null ? null : Number(stored),
  };
}

/** The moves of one poll, as added to a pipeline. */
interface Moves {
  readonly poll: PollKey;
  readonly ballots: Op<CounterReply> | undefined;
  readonly version: Op<CounterReply>;
  readonly votes: readonly (readonly [TallyPart, Op<CounterReply>])[];
}

/** Adds the moves of one poll to a pipeline. They create no counter. */
export function moveTally(pipeline: Pipeline, poll: PollKey, change: TallyChange): Moves {
  const move = (part: TallyPart | "b", by: number) =>
    by < 0 ? pipeline.decr(tallyKey(poll, part), -by) : pipeline.incr(tallyKey(poll, part), by);
  return {
    poll,
    ballots: change.ballots === 0 ? undefined : move("b", change.ballots),
    votes: [...change.votes]
      .filter(([, by]) => by !== 0)
      .map(([part, by]) => [part, move(part, by)] as const),
    version: pipeline.incr(tallyKey(poll, "v"), 1),
  };
}

/** The counters as the moves left them; `undefined` when a counter is missing. */
export function partialTallyFrom(
  moves: Moves,
  replies: Replies,
  from: string,
): PartialTally | undefined {
  const read = (op: Op<CounterReply>) => {
    const value = replies.of(op);
    return typeof value === "bigint" ? Number(value) : undefined;
  };
  const votes = new Map<TallyPart, number>();
  for (const [part, op] of moves.votes) {
    const value = read(op);
    if (value === undefined) return undefined;
    votes.set(part, value);
  }
  return {
    ballots: moves.ballots && read(moves.ballots),
    votes,
    version: read(moves.version),
    from,
  };
}

/**
 * Creates the counters of a new poll, which has no ballots yet. On a server that is away, the first reader of the
 * results, or the worker, creates them later.
 */
export async function createTally(
  placement: Placement,
  poll: PollKey,
  parts: readonly TallyPart[],
  nowMs: number,
): Promise<void> {
  const version = String(firstVersion(nowMs));
  await onEach(placement.of(poll), async server => {
    const pipeline = new Pipeline();
    for (const part of ["b", ...parts] as const) pipeline.add(tallyKey(poll, part), "0", 0);
    pipeline.add(tallyKey(poll, "v"), version, 0);
    await server.send(pipeline);
  });
}

/**
 * Moves the tallies of several polls on all their servers. Resolves with the servers that could not be written or
 * did not answer, each with its polls: their tallies are stale.
 */
export async function moveTallies(
  placement: Placement,
  changes: ReadonlyMap<PollKey, TallyChange>,
): Promise<ReadonlyMap<MemcachedClient, readonly PollKey[]>> {
  const byServer = new Map<MemcachedClient, [PollKey, TallyChange][]>();
  for (const [poll, change] of changes) {
    for (const server of placement.of(poll)) {
      byServer.set(server, [...(byServer.get(server) ?? []), [poll, change]]);
    }
  }
  const failed = await onEach([...byServer.keys()], async server => {
    const pipeline = new Pipeline();
    for (const [poll, change] of byServer.get(server) ?? []) moveTally(pipeline, poll, change);
    await server.send(pipeline);
  });
  return new Map(
    failed.map(server => [server, (byServer.get(server) ?? []).map(([poll]) => poll)]),
  );
}

/** Runs `work` on several servers at once; resolves with those on which it failed. */
async function onEach(
  servers: readonly MemcachedClient[],
  work: (server: MemcachedClient) => Promise<void>,
): Promise<MemcachedClient[]> {
  const failed: MemcachedClient[] = [];
  await Promise.all(
    servers.map(server => orWhenMemcachedFails(work(server), () => failed.push(server))),
  );
  return failed;
}
