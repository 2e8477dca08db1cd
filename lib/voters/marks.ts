/**
 * Ballot-once marks: the first gate of "one ballot a voter". The second is the primary key of `ballots`.
 *
 * A mark is a memcached key for (poll, voter), made with `add`. Its value is the ballot's id, revision and choices. So
 * a retry of the same ballot passes, and only a different ballot is refused. The mark reveals choices, so it expires
 * a day after the poll's end at the latest, and never leaves memcached.
 *
 * Where readers may change their ballots, a change replaces the mark of the ballot that it changes, by
 * compare-and-swap: one of several concurrent changes succeeds.
 *
 * Invariant: a mark's revision only rises, except when a move is taken back before its ballot is answered.
 *
 * **On failure:** ballots pass. When a mark's server is away or full, MySQL still counts one ballot per voter, and the
 * flush subtracts the others from the tallies.
 */
import { DAY, SECOND } from "../base/clock.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { orWhenMemcachedFails } from "../memcached/failure.ts";
import { type Key, markKey } from "../memcached/keys.ts";
import { Pipeline, type StoreReply, type Versioned } from "../memcached/pipeline.ts";
import type { Placement } from "../memcached/placement.ts";
import type { BallotId, PollKey, VoterKey } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import { type PollReference, pollKeyOf } from "../model/poll-key.ts";
import type { BallotRow } from "../store/ballots.ts";

/** A ballot as its mark identifies it. */
export interface Marked extends PollReference {
  readonly voter: VoterKey;
  readonly ballotId: BallotId;
  readonly revision: number;
  readonly choices: Uint8Array;
}

/** The value of a mark. */
export type Mark = Pick<Marked, "ballotId" | "revision" | "choices">;

/** A ballot with the time to live of its mark. */
export type MarkedBallot = Marked & { readonly markTtlSeconds: number };

const revisionAt = 16;
const choicesAt = 18;

const markDays = 30;
/** Compare-and-swap attempts on one mark; each fails because another one succeeded. */
export const moveAttemptsMax = 5;

/** How long a mark of this poll lives, in seconds. */
export function markTtlSeconds(poll: Pick<Poll, "closesAtMs">, nowMs: number): number {
  const longest = markDays * DAY;
  const untilEnd = poll.closesAtMs === null ? longest : poll.closesAtMs + DAY - nowMs;
  return Math.ceil(Math.max(DAY, Math.min(longest, untilEnd)) / SECOND);
}

function markValue(ballot: Mark): Buffer {
  const bytes = Buffer.allocUnsafe(choicesAt + ballot.choices.length);
  bytes.writeUInt16BE(ballot.revision, bytes.write(ballot.ballotId, 0, "hex"));
  bytes.set(ballot.choices, choicesAt);
  return bytes;
}

export function listIn<K, T>(lists: Map<K, T[]>, key: K): T[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

/** Adds marks on each server; resolves with those whose mark exists. A server that is away refuses none. */
export async function addMarks<T extends { readonly ballot: MarkedBallot }>(
  byServer: ReadonlyMap<MemcachedClient, readonly T[]>,
): Promise<readonly T[]> {
  const existing: T[] = [];
  await Promise.all(
    [...byServer].map(async ([server, all]) => {
      const pipeline = new Pipeline();
      for (const { ballot } of all) {
        const key = markKey(pollKeyOf(ballot), ballot.voter);
        pipeline.add(key, markValue(ballot), ballot.markTtlSeconds);
      }
      const replies = await orWhenMemcachedFails(server.send(pipeline), () => undefined);
      for (const index of replies?.existing ?? []) existing.push(all[index] as T);
    }),
  );
  return existing;
}

/**
 * Restores on `server` its marks of ballots of one poll that are in MySQL.
 *
 * @throws MemcachedFailure.
 */
export async function addStoredMarks(
  placement: Placement,
  server: MemcachedClient,
  pollKey: PollKey,
  ballots: readonly BallotRow[],
  ttlSeconds: number,
): Promise<void> {
  const pipeline = new Pipeline();
  const offered: MarkedBallot[] = [];
  for (const { pollId, voter, ballotId, revision, choices } of ballots) {
    if (!placement.ofVoter(voter).includes(server)) continue;
    const mark = { ballotId, revision, choices };
    pipeline.add(markKey(pollKey, voter), markValue(mark), ttlSeconds);
    offered.push({ pollId, pollKey, voter, ...mark, markTtlSeconds: ttlSeconds });
  }
  if (pipeline.size === 0) return;
  for (const index of (await server.send(pipeline)).existing) {
    const marked = offered[index];
    if (marked && marked.revision > 0) await raiseMark(server, marked);
  }
}

/**
 * Makes the marks of accepted ballots, replacing marks of lower revisions. Resolves with the servers that could not be
 * written.
 */
export async function raiseMarks(
  placement: Placement,
  ballots: readonly MarkedBallot[],
): Promise<ReadonlySet<MemcachedClient>> {
  const failed = new Set<MemcachedClient>();
  const byServer = new Map<MemcachedClient, MarkedBallot[]>();
  for (const ballot of ballots) {
    for (const server of placement.ofVoter(ballot.voter)) listIn(byServer, server).push(ballot);
  }
  await Promise.all(
    [...byServer].map(async ([server, marked]) => {
      const existing = await addMarks(new Map([[server, marked.map(ballot => ({ ballot }))]]));
      if (!server.available) failed.add(server);
      for (const { ballot } of existing) {
        if (ballot.revision === 0) continue;
        await orWhenMemcachedFails(raiseMark(server, ballot), () => failed.add(server));
      }
    }),
  );
  return failed;
}

/** @throws MemcachedFailure. */
async function raiseMark(server: MemcachedClient, ballot: MarkedBallot): Promise<void> {
  for (let attempt = 0; attempt < moveAttemptsMax; attempt++) {
    const reading = new Pipeline();
    const key = markKey(pollKeyOf(ballot), ballot.voter);
    const op = reading.getVersioned(key);
    const found = (await server.read(reading)).of(op);
    if (!found || (parseMark(found.value)?.revision ?? 0) >= ballot.revision) return;
    if ((await replaceMark(server, key, ballot, found)) !== "exists") return;
  }
}

export async function replaceMark(
  server: MemcachedClient,
  key: Key,
  to: Mark & { readonly markTtlSeconds: number },
  from: Versioned,
): Promise<StoreReply | "missing"> {
  const pipeline = new Pipeline();
  const op = pipeline.replace(key, markValue(to), to.markTtlSeconds, from);
  return (await server.send(pipeline)).of(op);
}

/** The mark of a voter, or `undefined` when there is none or its server can't be read. */
export async function readMark(
  placement: Placement,
  poll: PollKey,
  voter: VoterKey,
): Promise<Mark | undefined> {
  const [first, other] = placement.ofVoter(voter);
  const mark = await readMarkOn(first, poll, voter);
  const there = other && (await readMarkOn(other, poll, voter));
  return there && (!mark || there.revision > mark.revision) ? there : mark;
}

export async function readMarkOn(
  server: MemcachedClient,
  poll: PollKey,
  voter: VoterKey,
): Promise<Mark | undefined> {
  const found = await readVersioned(server, markKey(poll, voter));
  return found ? parseMark(found.value) : undefined;
}

/** A mark that was made or moved for a ballot that is refused after all. */
export interface TakenBack {
  readonly ballot: MarkedBallot;
  /** The mark's value before the change moved it; `undefined` for a new mark. */
  readonly before: Mark | undefined;
}

/**
 * Undoes the marks of refused ballots, so that their voters may vote again. Marks that have changed since stay. Cost:
 * two round trips for each server.
 */
export async function takeMarksBack(
  placement: Placement,
  all: readonly TakenBack[],
): Promise<void> {
  await Promise.all(
    placement.servers.map(async server => {
      const ours = all.filter(({ ballot }) => placement.ofVoter(ballot.voter).includes(server));
      if (ours.length === 0) return;
      await orWhenMemcachedFails(takeBackOn(server, ours), () => undefined);
    }),
  );
}

/** @throws MemcachedFailure. */
export async function takeBackOn(
  server: MemcachedClient,
  all: readonly TakenBack[],
): Promise<void> {
  const reading = new Pipeline();
  const ops = all.map(({ ballot }) =>
    reading.getVersioned(markKey(pollKeyOf(ballot), ballot.voter)),
  );
  const found = await server.read(reading);
  const pipeline = new Pipeline();
  for (const [index, { ballot, before }] of all.entries()) {
    const op = ops[index];
    const mark = op && found.of(op);
    if (!mark?.value.equals(markValue(ballot))) continue;
    const key = markKey(pollKeyOf(ballot), ballot.voter);
    if (before) pipeline.replace(key, markValue(before), ballot.markTtlSeconds, mark);
    else pipeline.delete(key, mark);
  }
  if (pipeline.size > 0) await server.send(pipeline);
}

export async function readVersioned(server: MemcachedClient, key: Key): Promise<Versioned | null> {
  const pipeline = new Pipeline();
  const op = pipeline.getVersioned(key);
  return orWhenMemcachedFails(
    server.read(pipeline).then(replies => replies.of(op)),
    () => null,
  );
}

export function parseMark(value: Buffer): Mark | undefined {
  if (value.length < choicesAt) return undefined;
  return {
    ballotId: value.toString("hex", 0, revisionAt) as BallotId,
    revision: value.readUInt16BE(revisionAt),
    choices: value.subarray(choicesAt),
  };
}
