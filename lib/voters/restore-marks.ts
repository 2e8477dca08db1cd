/**
 * Putting the ballot-once marks back after a server lost its memory, from the ballots in MySQL, so that a
 * voter who comes again is refused at the door and not only by the flush. Done by the worker, in steps.
 *
 * How far it has come stands on the server itself, beside the marks: whichever worker comes next goes on
 * from there, and a server that forgets its marks forgets that too.
 *
 * Invariant: what is said to be restored is: progress is only moved from the very value that was read.
 * Not restored: what was accepted before the loss and has not reached MySQL; its front's replay does that.
 */
import { monotonicMs, wallMs } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { marksRestoredKey } from "../memcached/keys.ts";
import { type Op, Pipeline, type Versioned } from "../memcached/pipeline.ts";
import type { PollId, VoterKey } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import { ballotsBehind } from "../store/ballots.ts";
import type { Store } from "../store/database.ts";
import { countingPolls } from "../store/polls.ts";
import { addStoredMarks } from "./marks.ts";

export interface RestoreDeps {
  readonly store: Store;
  readonly log: Log;
  readonly markServers: readonly MemcachedClient[];
}

const done = "done";
const rowsPerQuery = 2_000;
/** Long enough to get somewhere, short enough for the flush to go on in between. */
const stepMsMax = 400;

/** All before it is restored. */
interface Progress {
  readonly pollId: PollId;
  /** `undefined`: nothing of this poll yet. */
  readonly voter: VoterKey | undefined;
}

/**
 * Does some of what is left to do on each server: nothing, nearly always, for one read a server.
 *
 * @throws MemcachedFailure, StoreFailure.
 */
export async function restoreMarks(deps: RestoreDeps): Promise<void> {
  for (const server of deps.markServers) {
    if (server.available) await restoreOn(deps, server);
  }
}

async function restoreOn(deps: RestoreDeps, server: MemcachedClient): Promise<void> {
  const untilMs = monotonicMs() + stepMsMax;
  while (monotonicMs() < untilMs) {
    const look = new Pipeline();
    const op = look.getVersioned(marksRestoredKey);
    const found = (await server.read(look)).of(op);
    if (found?.value.toString() === done) return;
    const stored = found
      ? await goOn(deps, server, found)
      : await storeProgress(server, p => p.add(marksRestoredKey, "0", 0));
    if (stored === "full") return;
  }
}

async function goOn(deps: RestoreDeps, server: MemcachedClient, found: Versioned) {
  const next = await restorePortion(deps, server, parseProgress(found.value.toString()));
  if (!next) deps.log.info({ event: "marks_restored", server: server.name });
  const text = next ? progressText(next) : done;
  return storeProgress(server, p => p.replace(marksRestoredKey, text, 0, found));
}

async function storeProgress<T>(server: MemcachedClient, store: (p: Pipeline) => Op<T>) {
  const p = new Pipeline();
  const op = store(p);
  return (await server.send(p)).of(op);
}

/** Resolves with how far it came; `undefined` at the end. */
async function restorePortion(
  { store, markServers }: RestoreDeps,
  server: MemcachedClient,
  progress: Progress,
): Promise<Progress | undefined> {
  const polls = await countingPolls(store, wallMs());
  const poll = polls.filter(({ id }) => id >= progress.pollId).sort(byId)[0];
  if (!poll) return undefined;
  const behind = poll.id === progress.pollId ? progress.voter : undefined;
  const ballots = await ballotsBehind(store, poll.id, behind, rowsPerQuery);
  await addStoredMarks(markServers, server, poll, ballots);
  const last = ballots.at(-1);
  return ballots.length === rowsPerQuery && last
    ? { pollId: poll.id, voter: last.voter }
    : { pollId: (poll.id + 1) as PollId, voter: undefined };
}

const byId = (a: Poll, b: Poll) => a.id - b.id;

const progressText = ({ pollId, voter }: Progress) => `${pollId} ${voter ?? ""}`;

function parseProgress(text: string): Progress {
  const [pollId = "0", voter] = text.split(" ");
  return { pollId: Number(pollId) as PollId, voter: voter ? (voter as VoterKey) : undefined };
}
