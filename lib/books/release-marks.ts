/**
 * Takes away the marks of ballots that the books call lost, so that their voters can vote again. Without this, a mark
 * outlives its ballot: a second ballot is refused, and the first one is found nowhere.
 *
 * The books know how many ballots of a poll are lost, not whose. So the marks of the poll are compared with MySQL: a
 * mark that is older than the last pass that emptied all queues belongs to a ballot that has arrived, or is lost.
 *
 * Invariant: the mark of a ballot that is stored, set aside or on its way stays. A mark that was made or moved after it
 *   was read here stays, too: it is deleted by its version.
 */
import { SECOND } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { orWhenMemcachedFails } from "../memcached/failure.ts";
import { type DumpedKey, dumpKeys } from "../memcached/key-dump.ts";
import { markKey, markKeyPrefix, parseMarkKey } from "../memcached/keys.ts";
import { Pipeline } from "../memcached/pipeline.ts";
import type { Placement } from "../memcached/placement.ts";
import { readServerClock } from "../memcached/server-clock.ts";
import type { Ballot } from "../model/ballot.ts";
import type { PollId, PollKey, VoterKey } from "../model/ids.ts";
import { decodeBatch } from "../queue/slot-codec.ts";
import { votersWithBallots } from "../store/ballots.ts";
import type { Store } from "../store/database.ts";
import { deadLettersAfter } from "../store/dead-letters.ts";
import { pollsById } from "../store/polls.ts";

export interface ReleaseDeps {
  readonly store: Store;
  readonly log: Log;
  readonly placement: Placement;
}

/** More than a ballot takes from its mark to its slot. */
const acceptMsMax = 10 * SECOND;
const marksPerQuery = 1_000;
const lettersPerQuery = 500;

interface FoundMark extends DumpedKey {
  readonly pollKey: PollKey;
  readonly voter: VoterKey;
}

/** A poll whose marks are looked at. */
interface Searched {
  readonly id: PollId;
  /** Voters with a ballot in a dead letter. */
  readonly setAside: ReadonlySet<VoterKey>;
}

/**
 * Takes away the marks of lost ballots of these polls. Resolves with the polls that have marks without a ballot which are
 * too new, or whose server did not answer: try again later.
 *
 * @param emptiedMs - when the last pass that emptied all queues began; monotonic.
 * @throws StoreFailure.
 */
export async function releaseMarks(
  deps: ReleaseDeps,
  polls: ReadonlySet<PollId>,
  emptiedMs: number,
): Promise<ReadonlySet<PollId>> {
  const again = new Set<PollId>();
  const searched = new Map<PollKey, Searched>();
  for (const { id, key } of await pollsById(deps.store, [...polls])) {
    searched.set(key, { id, setAside: await votersSetAside(deps.store, id) });
  }
  for (const server of deps.placement.servers) {
    const left = await orWhenMemcachedFails(releaseOn(deps, server, searched, emptiedMs), error => {
      deps.log.warn({ event: "marks_not_released", server: server.name, error: String(error) });
      return polls;
    });
    for (const poll of left) again.add(poll);
  }
  return again;
}

async function releaseOn(
  { store, log }: ReleaseDeps,
  server: MemcachedClient,
  searched: ReadonlyMap<PollKey, Searched>,
  emptiedMs: number,
): Promise<ReadonlySet<PollId>> {
  const { theirMs, answeredMs } = await readServerClock(server);
  const oldestNewMs = theirMs - (answeredMs - emptiedMs) - acceptMsMax;
  const tooNew = new Set<PollId>();
  const waiting = new Map<Searched, FoundMark[]>();
  const settle = async (poll: Searched) => {
    const marks = waiting.get(poll) ?? [];
    waiting.delete(poll);
    const voters = marks.map(({ voter }) => voter);
    const stored = await votersWithBallots(store, poll.id, voters);
    const without = marks.filter(({ voter }) => !stored.has(voter) && !poll.setAside.has(voter));
    const lost = without.filter(({ lastAccessMs }) => lastAccessMs < oldestNewMs);
    if (lost.length < without.length) tooNew.add(poll.id);
    const marksReleased = await deleteMarks(server, lost);
    if (marksReleased > 0) log.warn({ event: "marks_released", pollId: poll.id, marksReleased });
  };
  for await (const item of dumpKeys(server, markKeyPrefix)) {
    const mark = parseMarkKey(item.key);
    const poll = mark && searched.get(mark.pollKey);
    if (!poll) continue;
    const marks = waiting.get(poll) ?? [];
    waiting.set(poll, marks);
    marks.push({ ...item, ...mark });
    if (marks.length >= marksPerQuery) await settle(poll);
  }
  for (const poll of [...waiting.keys()]) await settle(poll);
  return tooNew;
}

/** Deletes those that have not changed; resolves with their number. */
async function deleteMarks(server: MemcachedClient, marks: readonly FoundMark[]): Promise<number> {
  if (marks.length === 0) return 0;
  const pipeline = new Pipeline();
  const ops = marks.map(({ pollKey, voter, version }) =>
    pipeline.delete(markKey(pollKey, voter), { value: Buffer.alloc(0), version }),
  );
  const replies = await server.send(pipeline);
  return ops.filter(op => replies.of(op)).length;
}

function ballotsIn(bytes: Buffer): readonly Ballot[] {
  try {
    return decodeBatch(bytes)?.ballots ?? [];
  } catch {
    // Nobody can say whose ballots these are.
    return [];
  }
}

async function votersSetAside(store: Store, poll: PollId): Promise<ReadonlySet<VoterKey>> {
  const voters = new Set<VoterKey>();
  for (let after = 0; ; ) {
    const letters = await deadLettersAfter(store, poll, after, lettersPerQuery);
    for (const { pollId, voter } of letters.flatMap(({ bytes }) => ballotsIn(bytes))) {
      if (pollId === poll) voters.add(voter);
    }
    const last = letters.at(-1);
    if (!last || letters.length < lettersPerQuery) return voters;
    after = last.id;
  }
}
