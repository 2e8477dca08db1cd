/**
 * Ballot-once marks: the first gate of "one ballot a voter". The second is the primary key of `ballots`.
 *
 * A mark is a memcached key for (poll, voter), made with `add`. Its value is the ballot: id, revision and
 * choices, so that the same ballot coming again (a retry, or a first try whose enqueueing failed) goes on,
 * and only another one is refused. It says what somebody chose, so it lives no longer than a day past the
 * poll's end, and never leaves memcached.
 *
 * Where readers may change their ballots, a change moves the mark from the ballot that it replaces to itself,
 * and from that very value only (memcached's "cas"): of several changes at once, one does.
 *
 * Invariant: a mark's revision only goes up, but for a move that is taken back before anybody was answered.
 *
 * **On failure:** open. When the marks' server is away or full, ballots go on; MySQL still counts one a
 * voter, and the flush takes the others off the tallies.
 */
import { DAY, SECOND, wallMs } from "../base/clock.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { isMemcachedFailure, MemcachedFailure } from "../memcached/failure.ts";
import { type Key, markKey } from "../memcached/keys.ts";
import { Pipeline, type StoreReply, type Versioned } from "../memcached/pipeline.ts";
import type { BallotId, PollId, VoterKey } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import type { BallotRow } from "../store/ballots.ts";

/** What a mark is made for. */
export interface Marked {
  readonly pollId: PollId;
  readonly voter: VoterKey;
  readonly ballotId: BallotId;
  readonly revision: number;
  readonly choices: Uint8Array;
}

/** What a mark says. */
export type Mark = Pick<Marked, "ballotId" | "revision" | "choices">;

/** What a mark is made for, and how long it shall live. */
export type Lasting = Marked & { readonly markTtlSeconds: number };

const revisionAt = 16;
const choicesAt = 18;

const markDays = 30;
/** Attempts to move a mark that others move at the same time; each loses to somebody who went on. */
const movesMax = 5;

/** How long a mark of this poll lives, in seconds. */
export function markTtlSeconds(poll: Pick<Poll, "closesAtMs">, nowMs: number): number {
  const longest = markDays * DAY;
  const untilEnd = poll.closesAtMs === null ? longest : poll.closesAtMs + DAY - nowMs;
  return Math.ceil(Math.max(DAY, Math.min(longest, untilEnd)) / SECOND);
}

/** The server that a voter's mark lives on, by a fixed rule. */
function markServer(servers: readonly MemcachedClient[], voter: VoterKey): MemcachedClient {
  const server = servers[Number.parseInt(voter.slice(0, 8), 16) % servers.length];
  if (!server) throw new RangeError("no memcached server is configured");
  return server;
}

function markValue(ballot: Mark): Buffer {
  const bytes = Buffer.allocUnsafe(choicesAt + ballot.choices.length);
  bytes.writeUInt16BE(ballot.revision, bytes.write(ballot.ballotId, 0, "hex"));
  bytes.set(ballot.choices, choicesAt);
  return bytes;
}

/**
 * Makes the marks of many ballots, one write for each server, and resolves with those whose voters had
 * one already.
 */
export async function placeMarks(
  servers: readonly MemcachedClient[],
  ballots: readonly Lasting[],
): Promise<ReadonlySet<Marked>> {
  const groups = new Map(
    servers.map(server => [server, { p: new Pipeline(), marked: [] as Marked[] }] as const),
  );
  for (const ballot of ballots) {
    const group = groups.get(markServer(servers, ballot.voter));
    group?.p.add(markKey(ballot.pollId, ballot.voter), markValue(ballot), ballot.markTtlSeconds);
    group?.marked.push(ballot);
  }
  const refused = new Set<Marked>();
  await Promise.all(
    [...groups].map(async ([server, { p, marked }]) => {
      if (p.size === 0) return;
      try {
        const replies = await server.send(p);
        for (const index of replies.existing) refused.add(marked[index] as Marked);
      } catch (error) {
        if (!isMemcachedFailure(error)) throw error;
      }
    }),
  );
  return refused;
}

/**
 * Adds the marks of ballots that are in MySQL, those that belong on `server`.
 *
 * @throws MemcachedFailure.
 */
export async function addStoredMarks(
  servers: readonly MemcachedClient[],
  server: MemcachedClient,
  poll: Pick<Poll, "closesAtMs">,
  ballots: readonly BallotRow[],
): Promise<void> {
  const ttlSeconds = markTtlSeconds(poll, wallMs());
  const p = new Pipeline();
  const offered: Lasting[] = [];
  for (const { pollId, voter, ballotId, revision, choices } of ballots) {
    if (markServer(servers, voter) !== server) continue;
    const mark = { ballotId, revision, choices };
    p.add(markKey(pollId, voter), markValue(mark), ttlSeconds);
    offered.push({ pollId, voter, ...mark, markTtlSeconds: ttlSeconds });
  }
  if (p.size === 0) return;
  for (const index of (await server.send(p)).existing) {
    const marked = offered[index];
    if (marked && marked.revision > 0) await raiseMark(server, marked);
  }
}

/**
 * Makes the marks of ballots that were accepted, also over marks of lower revisions. Resolves with the
 * servers that could not be told.
 */
export async function raiseMarks(
  servers: readonly MemcachedClient[],
  ballots: readonly Lasting[],
): Promise<ReadonlySet<MemcachedClient>> {
  const failed = new Set<MemcachedClient>();
  const taken = await placeMarks(servers, ballots);
  for (const ballot of ballots) {
    const server = markServer(servers, ballot.voter);
    if (!server.available) failed.add(server);
    else if (taken.has(ballot) && ballot.revision > 0) {
      await raiseMark(server, ballot).catch(error => {
        if (!isMemcachedFailure(error)) throw error;
        failed.add(server);
      });
    }
  }
  return failed;
}

/** @throws MemcachedFailure. */
async function raiseMark(server: MemcachedClient, ballot: Lasting): Promise<void> {
  for (let attempt = 0; attempt < movesMax; attempt++) {
    const look = new Pipeline();
    const key = markKey(ballot.pollId, ballot.voter);
    const op = look.getVersioned(key);
    const found = (await server.read(look)).of(op);
    if (!found || (parseMark(found.value)?.revision ?? 0) >= ballot.revision) return;
    if ((await replaceMark(server, key, ballot, found)) !== "exists") return;
  }
}

async function replaceMark(
  server: MemcachedClient,
  key: Key,
  to: Mark & { readonly markTtlSeconds: number },
  from: Versioned,
): Promise<StoreReply | "missing"> {
  const p = new Pipeline();
  const op = p.replace(key, markValue(to), to.markTtlSeconds, from);
  return (await server.send(p)).of(op);
}

/**
 * What became of a change's attempt to move its voter's mark. `moved`: it did, from the ballot that it
 * replaces. `standing`: it did not; this is what stands, the change itself if it is a retry. `unknown`: there
 * is no mark, or one of before the ballot that it replaces: memcached can't say.
 */
export type MarkMove =
  | { readonly move: "moved" | "standing"; readonly mark: Mark }
  | { readonly move: "unknown" };

/**
 * Moves the mark of a change's voter to the change. Two round trips; more while others move the same one.
 *
 * @throws MemcachedFailure when the answer was lost: the mark may have been moved.
 */
export async function moveMark(
  servers: readonly MemcachedClient[],
  change: Lasting,
): Promise<MarkMove> {
  const server = markServer(servers, change.voter);
  const key = markKey(change.pollId, change.voter);
  for (let attempt = 0; attempt < movesMax; attempt++) {
    const found = await readVersioned(server, key);
    const mark = found && parseMark(found.value);
    if (!found || !mark || mark.revision < change.revision - 1) return { move: "unknown" };
    if (mark.revision !== change.revision - 1 || mark.ballotId === change.ballotId) {
      return { move: "standing", mark };
    }
    const stored = await replaceMark(server, key, change, found);
    if (stored === "stored") return { move: "moved", mark };
    if (stored === "full") return { move: "unknown" };
  }
  throw new MemcachedFailure("not_sent", "the mark kept moving");
}

/** The mark of a voter, or `undefined` when there is none or its server can't say. */
export async function readMark(
  servers: readonly MemcachedClient[],
  poll: PollId,
  voter: VoterKey,
): Promise<Mark | undefined> {
  const found = await readVersioned(markServer(servers, voter), markKey(poll, voter));
  return found ? parseMark(found.value) : undefined;
}

/** A mark that was made, or moved, for a ballot that is not taken after all. */
export interface TakenBack {
  readonly ballot: Lasting;
  /** What it said before a change moved it; `undefined`: there was none. */
  readonly before: Mark | undefined;
}

/**
 * Takes marks back whose ballots were refused after all, so that their voters may try again with other choices.
 * Only marks that still say what we wrote. Two round trips for each server, whatever their number.
 */
export async function takeMarksBack(
  servers: readonly MemcachedClient[],
  all: readonly TakenBack[],
): Promise<void> {
  await Promise.all(
    servers.map(async server => {
      const ours = all.filter(({ ballot }) => markServer(servers, ballot.voter) === server);
      if (ours.length === 0) return;
      try {
        await takeBackOn(server, ours);
      } catch (error) {
        if (!isMemcachedFailure(error)) throw error;
      }
    }),
  );
}

/** @throws MemcachedFailure. */
async function takeBackOn(server: MemcachedClient, all: readonly TakenBack[]): Promise<void> {
  const look = new Pipeline();
  const ops = all.map(({ ballot }) => look.getVersioned(markKey(ballot.pollId, ballot.voter)));
  const found = await server.read(look);
  const p = new Pipeline();
  for (const [index, { ballot, before }] of all.entries()) {
    const op = ops[index];
    const mark = op && found.of(op);
    if (!mark?.value.equals(markValue(ballot))) continue;
    const key = markKey(ballot.pollId, ballot.voter);
    if (before) p.replace(key, markValue(before), ballot.markTtlSeconds, mark);
    else p.delete(key, mark);
  }
  if (p.size > 0) await server.send(p);
}

async function readVersioned(server: MemcachedClient, key: Key): Promise<Versioned | null> {
  const p = new Pipeline();
  const op = p.getVersioned(key);
  try {
    return (await server.read(p)).of(op);
  } catch (error) {
    if (!isMemcachedFailure(error)) throw error;
    return null;
  }
}

function parseMark(value: Buffer): Mark | undefined {
  if (value.length < choicesAt) return undefined;
  return {
    ballotId: value.toString("hex", 0, revisionAt) as BallotId,
    revision: value.readUInt16BE(revisionAt),
    choices: value.subarray(choicesAt),
  };
}
