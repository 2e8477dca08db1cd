/**
 * Restores a server's ballot-once marks from MySQL after the server lost its memory, so that a second ballot is refused
 * before it is enqueued and not only by the flush. The worker does it in steps.
 *
 * The progress is stored on the server itself, beside the marks. So any worker can continue, and a server that loses
 * its marks loses the progress with them.
 *
 * Invariant: progress moves by compare-and-swap, so everything before it is restored.
 * Not restored: ballots that were accepted before the loss and have not reached MySQL. Their front's replay does that.
 */
import { type Clock, monotonicMs } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { type Key, marksRestoredKeys } from "../memcached/keys.ts";
import { type Op, Pipeline, type Versioned } from "../memcached/pipeline.ts";
import type { Placement } from "../memcached/placement.ts";
import type { PollId, VoterKey } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import { readList } from "../model/server-list.ts";
import { ballotsAfter } from "../store/ballots.ts";
import type { Store } from "../store/database.ts";
import { countingPolls } from "../store/polls.ts";
import { addStoredMarks, markTtlSeconds } from "./marks.ts";

export interface RestoreDeps {
  readonly store: Store;
  readonly log: Log;
  readonly clock: Clock;
  readonly placement: Placement;
}

const done = "done";
const rowsPerQuery = 2_000;
/** Short, because the flush waits for a step to end. */
const stepMsMax = 400;

/** Every ballot before this one is restored. */
interface Progress {
  readonly pollId: PollId;
  /** `undefined` before the poll's first ballot. */
  readonly voter: VoterKey | undefined;
}

/**
 * Runs one step on each server. Usually nothing is left to do; that costs one read per server. Resolves with true when
 * nothing is left to do on the servers that are up.
 *
 * @throws MemcachedFailure, StoreFailure.
 */
export async function restoreMarks(
  deps: RestoreDeps,
  { version, servers }: MarkPlaces = placesOf(deps.placement),
): Promise<boolean> {
  let complete = true;
  for (const server of servers) {
    if (server.available && !(await restoreOn(deps, server, version))) complete = false;
  }
  return complete;
}

/** Servers with marks, and the version of the list by which the marks are placed. */
export interface MarkPlaces {
  readonly version: number;
  readonly servers: readonly MemcachedClient[];
}

const placesOf = ({ lists, readServers: servers }: Placement): MarkPlaces => ({
  version: readList(lists).version,
  servers,
});

async function restoreOn(deps: RestoreDeps, server: MemcachedClient, version: number) {
  const notes = notesOf(version);
  const untilMs = monotonicMs() + stepMsMax;
  while (monotonicMs() < untilMs) {
    const reading = new Pipeline();
    const op = reading.getVersioned(notes.key);
    const found = (await server.read(reading)).of(op);
    if (found?.value.toString() === `${notes.prefix}${done}`) return true;
    const stored = found
      ? await restoreNext(deps, server, notes, found)
      : await storeProgress(server, pipeline => pipeline.add(notes.key, `${notes.prefix}0`, 0));
    if (stored === "full") return false;
  }
  return false;
}

/** Where a server has its progress by one list, and what it begins with. */
interface Notes {
  readonly key: Key;
  readonly prefix: string;
}

const notesOf = (version: number): Notes => ({
  key: marksRestoredKeys[version > 0 && version % 2 === 0 ? 0 : 1],
  // As in release 0.2.0, which has no lists.
  prefix: version <= 1 ? "" : `v${version} `,
});

async function restoreNext(
  deps: RestoreDeps,
  server: MemcachedClient,
  { key, prefix }: Notes,
  found: Versioned,
) {
  const next = await restorePortion(deps, server, parseProgress(found.value.toString(), prefix));
  if (!next) deps.log.info({ event: "marks_restored", server: server.name });
  const after = prefix + (next ? progressText(next) : done);
  return storeProgress(server, pipeline => pipeline.replace(key, after, 0, found));
}

async function storeProgress<T>(server: MemcachedClient, store: (pipeline: Pipeline) => Op<T>) {
  const pipeline = new Pipeline();
  const op = store(pipeline);
  return (await server.send(pipeline)).of(op);
}

/** Restores the next rows; resolves with the new progress, `undefined` at the end. */
async function restorePortion(
  { store, clock, placement }: RestoreDeps,
  server: MemcachedClient,
  progress: Progress,
): Promise<Progress | undefined> {
  const polls = await countingPolls(store, clock.nowMs());
  const poll = polls.filter(({ id }) => id >= progress.pollId).sort(byId)[0];
  if (!poll) return undefined;
  const after = poll.id === progress.pollId ? progress.voter : undefined;
  const ballots = await ballotsAfter(store, poll.id, after, rowsPerQuery);
  await addStoredMarks(placement, server, poll.key, ballots, markTtlSeconds(poll, clock.nowMs()));
  const last = ballots.at(-1);
  return ballots.length === rowsPerQuery && last
    ? { pollId: poll.id, voter: last.voter }
    : { pollId: (poll.id + 1) as PollId, voter: undefined };
}

const byId = (a: Poll, b: Poll) => a.id - b.id;

const progressText = ({ pollId, voter }: Progress) => `${pollId} ${voter ?? ""}`;

/** The progress by another list says nothing: it begins anew. */
function parseProgress(noted: string, prefix: string): Progress {
  const text = noted.startsWith(prefix) ? noted.slice(prefix.length) : "";
  const [pollId = "0", voter] = /^\d/.test(text) ? text.split(" ") : [];
  return { pollId: Number(pollId) as PollId, voter: voter ? (voter as VoterKey) : undefined };
}
