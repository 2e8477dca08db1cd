/**
 * Making the counters of polls what they should be, on every server that is up. All queues are held still
 * meanwhile (`exact.ts`), so it is one read and one write for each server, however many polls there are.
 *
 * Counters that exist are moved by the difference: what a flush corrects in between, for which it asks for no
 * lock, stays. Missing ones are added.
 *
 * Invariant: nothing is sent once the locks may be somebody else's. A poll's counters on one server are written
 *   together or not at all.
 */
import { monotonicMs, wallMs } from "../base/clock.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { MemcachedFailure } from "../memcached/failure.ts";
import { tallyKey } from "../memcached/keys.ts";
import { counterValue, Pipeline } from "../memcached/pipeline.ts";
import type { Placement } from "../memcached/placement.ts";
import type { PollId, TallyPart } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import { partsOf } from "../model/tally-parts.ts";
import { firstVersion } from "../tallies/counters.ts";

/** One counter that was found off, and is right now. */
export interface Correction {
  readonly pollId: PollId;
  /** A measure of an option, or `b` for the ballots. */
  readonly part: TallyPart | "b";
  /** `null`: it was missing. */
  readonly was: number | null;
  readonly is: number;
}

/** What a counter should be. */
export type Wanted = (poll: PollId, part: TallyPart | "b") => number;

/** A server answers so many in some milliseconds. Many polls have more: that is several pipelines. */
const countersPerPipeline = 4_000;

/** A poll's counters as one server has them. */
interface Copy {
  readonly poll: Poll;
  readonly version: number | null;
  readonly counters: ReadonlyMap<TallyPart | "b", number | null>;
}

/** A server with the polls that it has counters of, as many together as go into a pipeline. */
interface Side<T> {
  readonly server: MemcachedClient;
  readonly portions: readonly (readonly T[])[];
}

/**
 * Makes every counter of `polls` what it should be, and resolves with those that were not; `undefined` when the
 * time was over before all were written. Those that were are right.
 *
 * @param untilMs - monotonic time after which nothing may be sent.
 * @throws MemcachedFailure when a poll has no server that is up, or one did not answer; what was under way on
 *   the others is through by then.
 */
export async function correctCounters(
  placement: Placement,
  polls: readonly Poll[],
  wanted: Wanted,
  untilMs: number,
): Promise<readonly Correction[] | undefined> {
  const sides = await Promise.all(sidesOf(placement, polls).map(readSide));
  const versions = nextVersions(sides.flatMap(({ portions }) => portions.flat()));
  const written = await Promise.allSettled(
    sides.map(side => writeSide(side, wanted, versions, untilMs)),
  );
  const mended: Correction[] = [];
  let late = false;
  for (const result of written) {
    if (result.status === "rejected") throw result.reason;
    if (result.value) mended.push(...result.value);
    else late = true;
  }
  return late ? undefined : mended;
}

function sidesOf(placement: Placement, polls: readonly Poll[]): Side<Poll>[] {
  const byServer = new Map<MemcachedClient, Poll[]>();
  for (const poll of polls) {
    const up = placement.up(poll.id);
    if (up.length === 0) throw new MemcachedFailure("not_sent", "no server for these tallies");
    for (const server of up) {
      const there = byServer.get(server);
      if (there) there.push(poll);
      else byServer.set(server, [poll]);
    }
  }
  return [...byServer].map(([server, there]) => ({ server, portions: inPortions(there) }));
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

async function readSide({ server, portions }: Side<Poll>): Promise<Side<Copy>> {
  return {
    server,
    portions: await Promise.all(portions.map(polls => readPortion(server, polls))),
  };
}

async function readPortion(server: MemcachedClient, polls: readonly Poll[]): Promise<Copy[]> {
  const p = new Pipeline();
  const asked = polls.map(poll => ({
    poll,
    version: p.get(tallyKey(poll.id, "v")),
    counters: (["b", ...partsOf(poll)] as const).map(
      part => [part, p.get(tallyKey(poll.id, part))] as const,
    ),
  }));
  const r = await server.read(p);
  const numberOf = (op: ReturnType<Pipeline["get"]>) => {
    const value = counterValue(r.of(op));
    return value === null ? null : Number(value);
  };
  return asked.map(({ poll, version, counters }) => ({
    poll,
    version: numberOf(version),
    counters: new Map(counters.map(([part, op]) => [part, numberOf(op)] as const)),
  }));
}

/** A poll's copies go on from one version, above all that was shown; one that has lost its own, above all earlier ones. */
function nextVersions(copies: readonly Copy[]): ReadonlyMap<PollId, number> {
  const first = firstVersion(wallMs());
  const next = new Map<PollId, number>();
  for (const { poll, version } of copies) {
    next.set(poll.id, Math.max(next.get(poll.id) ?? 0, (version ?? first) + 1));
  }
  return next;
}

/** Resolves with what was off; `undefined` when the time was over. */
async function writeSide(
  { server, portions }: Side<Copy>,
  wanted: Wanted,
  versions: ReadonlyMap<PollId, number>,
  untilMs: number,
): Promise<Correction[] | undefined> {
  const mended: Correction[] = [];
  for (const copies of portions) {
    const p = new Pipeline();
    for (const copy of copies) {
      mended.push(...addMoves(p, copy, wanted, versions.get(copy.poll.id) ?? 0));
    }
    if (monotonicMs() > untilMs) return undefined;
    await server.send(p);
  }
  return mended;
}

/** Adds what makes one copy right to a pipeline; gives the counters that are off. */
function addMoves(
  p: Pipeline,
  { poll: { id }, version, counters }: Copy,
  wanted: Wanted,
  nextVersion: number,
): Correction[] {
  const make = (part: TallyPart | "b" | "v", was: number | null, is: number) => {
    if (was === null) p.add(tallyKey(id, part), String(is), 0);
    else if (was < is) p.incr(tallyKey(id, part), is - was);
    else if (was > is) p.decr(tallyKey(id, part), was - is);
  };
  const mended: Correction[] = [];
  for (const [part, was] of counters) {
    const is = wanted(id, part);
    make(part, was, is);
    if (was !== is) mended.push({ pollId: id, part, was, is });
  }
  make("v", version, nextVersion);
  return mended;
}
