/**
 * Ballot-once marks: the first gate of "one ballot a voter". The second is the primary key of `ballots`.
 *
 * A mark is a memcached key for (poll, voter), made with `add`. Its value is the ballot: id and choices,
 * so that the same ballot coming again (a retry, or a first try whose enqueueing failed) goes on, and
 * only another one is refused. It says what somebody chose, so it lives no longer than a day past the
 * poll's end, and never leaves memcached.
 *
 * **On failure:** open. When the marks' server is away or full, ballots go on; MySQL still counts one a
 * voter, and the flush takes the others off the tallies.
 */
import { DAY, SECOND, wallMs } from "../clock.ts";
import type { BallotId, PollId, VoterKey } from "../ids.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { isMemcachedFailure } from "../memcached/failure.ts";
import { type Key, markKey } from "../memcached/keys.ts";
import { Pipeline, type Versioned } from "../memcached/pipeline.ts";
import { ballotIdLength, ballotIdText, writeBallotId } from "../queue/slot-codec.ts";
import type { BallotRow } from "../store/ballots.ts";
import type { Poll } from "../store/polls.ts";

/** What a mark is made for. */
export interface Marked {
  readonly pollId: PollId;
  readonly voter: VoterKey;
  readonly ballotId: BallotId;
  readonly choices: Uint8Array;
}

/** What a mark says. */
export interface Mark {
  readonly ballotId: BallotId;
  readonly choices: Uint8Array;
}

const markDays = 30;

/** How long a mark of this poll lives, in seconds. */
export function markTtlSeconds(poll: Pick<Poll, "closesAtMs">, nowMs: number): number {
  const longest = markDays * DAY;
  const untilEnd = poll.closesAtMs === null ? longest : poll.closesAtMs + DAY - nowMs;
  return Math.ceil(Math.max(DAY, Math.min(longest, untilEnd)) / SECOND);
}

/** The server that a voter's mark lives on, by a fixed rule. */
function markServer(servers: readonly MemcachedClient[], voter: VoterKey): MemcachedClient {
  const server = servers[voter.readUInt32BE(0) % servers.length];
  if (!server) throw new RangeError("no memcached server is configured");
  return server;
}

function markValue(ballot: Marked): Buffer {
  const bytes = Buffer.allocUnsafe(ballotIdLength + ballot.choices.length);
  bytes.set(ballot.choices, writeBallotId(bytes, 0, ballot.ballotId));
  return bytes;
}

/**
 * Makes the marks of many ballots, one write for each server, and resolves with those whose voters had
 * one already.
 */
export async function placeMarks(
  servers: readonly MemcachedClient[],
  ballots: readonly (Marked & { readonly markTtlSeconds: number })[],
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
  for (const { pollId, voter, ballotId, choices } of ballots) {
    const marked = { pollId, voter: voter as VoterKey, ballotId: ballotIdText(ballotId), choices };
    if (markServer(servers, marked.voter) !== server) continue;
    p.add(markKey(pollId, marked.voter), markValue(marked), ttlSeconds);
  }
  if (p.size > 0) await server.send(p);
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

/**
 * Takes back marks whose ballots could not be enqueued, so that their voters may try again with other
 * choices. Only marks that still say what we wrote.
 */
export async function withdrawMarks(
  servers: readonly MemcachedClient[],
  ballots: readonly Marked[],
): Promise<void> {
  for (const ballot of ballots) {
    const server = markServer(servers, ballot.voter);
    const key = markKey(ballot.pollId, ballot.voter);
    const found = await readVersioned(server, key);
    if (!found?.value.equals(markValue(ballot))) continue;
    const p = new Pipeline();
    p.delete(key, found);
    await server.send(p).catch(error => {
      if (!isMemcachedFailure(error)) throw error;
    });
  }
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
  if (value.length < 17) return undefined;
  return { ballotId: ballotIdText(value.subarray(0, 16)), choices: value.subarray(16) };
}
