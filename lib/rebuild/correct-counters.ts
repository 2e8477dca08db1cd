/**
 * Corrects the counters of polls on every server that is up. All queues are frozen meanwhile (`rebuild.ts`), so it
 * is one read and one write for each server, however many polls there are.
 *
 * Counters that exist are moved by the difference, so that a correction by a flush in between, which takes no lock,
 * is kept. Missing counters are added.
 *
 * Invariant: nothing is sent once the locks may have expired. A poll's counters on one server are written
 *   together or not at all.
 */
import { type Clock, monotonicMs } from "../base/clock.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { MemcachedFailure } from "../memcached/failure.ts";
import { tallyKey } from "../memcached/keys.ts";
import { counterText, counterValue, Pipeline } from "../memcached/pipeline.ts";
import type { Placement } from "../memcached/placement.ts";
import type { PollId, TallyPart } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import { partsOf } from "../model/tally-parts.ts";
import { firstVersion } from "../tallies/counters.ts";

/** One counter that was wrong, and was corrected. */
export interface Correction {
  readonly pollId: PollId;
  /** A measure of an option, or `b` for the ballots. */
  readonly part: TallyPart | "b";
  /** `null`: it was missing. */
  readonly was: number | null;
  readonly is: number;
}

/** The value that a counter should have. */
export type Wanted = (poll: Poll, part: TallyPart | "b") => number;

/** Answered in some milliseconds; more counters take several pipelines. */
const countersPerPipeline = 4_000;

/** A poll's counters on one server. */
interface Copy {
  readonly poll: Poll;
  readonly version: number | null;
  readonly counters: ReadonlyMap<TallyPart | "b", number | null>;
}

/** A server with its polls, in portions that fit into a pipeline. */
interface ServerPolls<T> {
  readonly server: MemcachedClient;
  readonly portions: readonly (readonly T[])[];
}

/**
 * Corrects every counter of `polls`, and resolves with the corrections; `undefined` when the time was over before
 * all were written. The written ones are right.
 *
 * @param untilMs - monotonic time after which nothing may be sent.
 * @throws MemcachedFailure when a poll has no server that is up, or a server did not answer; by then, the writes
 *   to the other servers have finished.
 */
export async function correctCounters(
  { placement, clock }: { readonly placement: Placement; readonly clock: Clock },
  polls: readonly Poll[],
  wanted: Wanted,
  untilMs: number,
): Promise<readonly Correction[] | undefined> {
  const servers = await Promise.all(byServer(placement, polls).map(readServer));
  const versions = nextVersions(
    servers.flatMap(({ portions }) => portions.flat()),
    firstVersion(clock.nowMs()),
  );
  const written = await Promise.allSettled(
    servers.map(server => writeServer(server, wanted, versions, untilMs)),
  );
  const corrections: Correction[] = [];
  let late = false;
  for (const result of written) {
    if (result.status === "rejected") throw result.reason;
    if (result.value) corrections.push(...result.value);
    else late = true;
  }
  return late ? undefined : corrections;
}

function byServer(placement: Placement, polls: readonly Poll[]): ServerPolls<Poll>[] {
  const pollsByServer = new Map<MemcachedClient, Poll[]>();
  for (const poll of polls) {
    const up = placement.up(poll.key);
    if (up.length === 0) {
      const reason = `every server with the tallies of poll ${poll.id} is away`;
      throw new MemcachedFailure("not_sent", reason);
    }
    for (const server of up) {
      const others = pollsByServer.get(server);
      if (others) others.push(poll);
      else pollsByServer.set(server, [poll]);
    }
  }
  return [...pollsByServer].map(([server, all]) => ({ server, portions: inPortions(all) }));
}

function inPortions(polls: readonly Poll[]): Poll[][] {
  const portions: Poll[][] = [];
  let left = 0;
  for (const poll of polls) {
    const size = partsOf(poll).length + 2;
    if (size > left || portions.length === 0) {
      portions.push([]);
      left = countersPerPipeline;
    }
    portions.at(-1)?.push(poll);
    left -= size;
  }
  return portions;
}

async function readServer({ server, portions }: ServerPolls<Poll>): Promise<ServerPolls<Copy>> {
  return {
    server,
    portions: await Promise.all(portions.map(polls => readPortion(server, polls))),
  };
}

async function readPortion(server: MemcachedClient, polls: readonly Poll[]): Promise<Copy[]> {
  const pipeline = new Pipeline();
  const asked = polls.map(poll => ({
    poll,
    version: pipeline.get(tallyKey(poll.key, "v")),
    counters: (["b", ...partsOf(poll)] as const).map(
      part => [part, pipeline.get(tallyKey(poll.key, part))] as const,
    ),
  }));
  const replies = await server.read(pipeline);
  const numberOf = (op: ReturnType<Pipeline["get"]>) => {
    const value = counterValue(replies.of(op));
    return value === null ? null : Number(value);
  };
  return asked.map(({ poll, version, counters }) => ({
    poll,
    version: numberOf(version),
    counters: new Map(counters.map(([part, op]) => [part, numberOf(op)] as const)),
  }));
}

/**
 * The next version of each poll: the same on all its servers, and above every version that was shown. A server
 * without a version counts as `first`, which is above all earlier ones.
 */
function nextVersions(copies: readonly Copy[], first: number): ReadonlyMap<PollId, number> {
  const next = new Map<PollId, number>();
  for (const { poll, version } of copies) {
    next.set(poll.id, Math.max(next.get(poll.id) ?? 0, (version ?? first) + 1));
  }
  return next;
}

/** Resolves with the corrections; `undefined` when the time was over. */
async function writeServer(
  { server, portions }: ServerPolls<Copy>,
  wanted: Wanted,
  versions: ReadonlyMap<PollId, number>,
  untilMs: number,
): Promise<Correction[] | undefined> {
  const corrections: Correction[] = [];
  for (const copies of portions) {
    const pipeline = new Pipeline();
    for (const copy of copies) {
      corrections.push(...addMoves(pipeline, copy, wanted, versions.get(copy.poll.id) ?? 0));
    }
    if (monotonicMs() > untilMs) return undefined;
    await server.send(pipeline);
  }
  return corrections;
}

/** Adds the corrections of one copy to a pipeline, and returns them. */
function addMoves(
  pipeline: Pipeline,
  { poll, version, counters }: Copy,
  wanted: Wanted,
  nextVersion: number,
): Correction[] {
  const { key } = poll;
  const change = (part: TallyPart | "b" | "v", was: number | null, is: number) => {
    if (was === null) pipeline.add(tallyKey(key, part), counterText(is), 0);
    else if (was < is) pipeline.incr(tallyKey(key, part), is - was);
    else if (was > is) pipeline.decr(tallyKey(key, part), was - is);
  };
  const corrections: Correction[] = [];
  for (const [part, was] of counters) {
    const is = wanted(poll, part);
    change(part, was, is);
    if (was !== is) corrections.push({ pollId: poll.id, part, was, is });
  }
  change("v", version, nextVersion);
  return corrections;
}
