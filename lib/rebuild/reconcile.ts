/**
 * Comparing tallies with MySQL, and mending what differs.
 *
 * The cheap way needs no lock: when nothing waits in any queue, before and after, and the totals are
 * the same, then tallies and totals must be equal. Only a difference, or a poll that is never quiet,
 * calls for `makeTalliesExact`, which holds the queues still for a moment.
 */
import { serversUp } from "../memcached/placement.ts";
import type { PollId, TallyPart } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import { partsOf } from "../model/tally-parts.ts";
import { readQueues } from "../queue/slots.ts";
import { openCheckpoints } from "../store/checkpoints.ts";
import { readTotals } from "../store/totals.ts";
import { readTally } from "../tallies/counters.ts";
import type { Correction } from "./correct-counters.ts";
import { rebuildTallies, type TallyDeps } from "./rebuild.ts";

/** `busy`: ballots are on their way, so nothing can be said without holding the queues. */
export type Comparison =
  | { readonly state: "busy" }
  | { readonly state: "compared"; readonly off: Poll[] };

/**
 * Which of `polls` have tallies that differ from their totals, or none.
 *
 * @throws MemcachedFailure, StoreFailure.
 */
export async function compareTallies(deps: TallyDeps, polls: readonly Poll[]): Promise<Comparison> {
  const before = await positions(deps);
  if (before === undefined) return { state: "busy" };
  const ids = polls.map(poll => poll.id);
  const totals = await readTotals(deps.store, ids);
  const off: Poll[] = [];
  for (const poll of polls) if (!(await equal(deps, poll, totals.get(poll.id)))) off.push(poll);
  const after = await positions(deps);
  return before === after ? { state: "compared", off } : { state: "busy" };
}

/** Where all queues stand, as one text; `undefined` when any has ballots waiting. */
async function positions(deps: TallyDeps): Promise<string | undefined> {
  const looks = await Promise.all(
    serversUp(deps.queueServers).map(server => readQueues(server, deps.queueNames)),
  );
  const checkpoints = new Map(
    (await openCheckpoints(deps.store)).map(open => [open.epoch, open.slot]),
  );
  const all = looks.flat();
  if (all.some(look => checkpoints.get(look.epoch) !== look.pointer)) return undefined;
  return all.map(look => `${look.epoch}:${look.pointer}`).join(" ");
}

/** On every server that is up. */
async function equal(
  deps: TallyDeps,
  poll: Poll,
  totals: { ballots: number; votes: ReadonlyMap<TallyPart, number> } | undefined,
): Promise<boolean> {
  const parts = partsOf(poll);
  for (const server of deps.tallies.up(poll.id)) {
    const tally = await readTally(server, poll.id, parts);
    if (!tally || !totals || tally.ballots !== totals.ballots) return false;
    const same = parts.every(o => tally.votes.get(o) === (totals.votes.get(o) ?? 0));
    if (!same) return false;
  }
  return true;
}

/** Polls without a tally where there should be one: its server lost it, or was away and missed something. */
async function withGaps(deps: TallyDeps, polls: readonly Poll[]): Promise<readonly Poll[]> {
  const gaps: Poll[] = [];
  for (const poll of polls) {
    const parts = partsOf(poll);
    for (const server of deps.tallies.up(poll.id)) {
      if (!(await readTally(server, poll.id, parts))) gaps.push(poll);
    }
  }
  return [...new Set(gaps)];
}

/**
 * True when every batch that waits can be seen: fewer queue servers are away than there are copies. Without
 * that, what a server holds would be missing from a comparison, and come back later.
 */
function seesEverything({ queueServers, copies }: TallyDeps): boolean {
  return queueServers.length - serversUp(queueServers).length < copies;
}

/**
 * Compares the tallies of `polls` with MySQL and mends those that are off. Resolves with what was mended;
 * `undefined` when a queue server is away that may hold ballots of its own, or the queues would not be quiet
 * and `force` was not asked for: try again later.
 *
 * @param force - hold the queues still rather than give up; for a tally that is missing, that is done anyway.
 * @throws MemcachedFailure, StoreFailure.
 */
export async function reconcile(
  deps: TallyDeps,
  polls: readonly Poll[],
  force: boolean,
): Promise<readonly Correction[] | undefined> {
  if (!seesEverything(deps)) return undefined;
  const comparison = await compareTallies(deps, polls);
  const busy = comparison.state === "busy";
  const off = busy ? (force ? polls : await withGaps(deps, polls)) : comparison.off;
  if (off.length === 0) return busy ? undefined : [];
  const mended = await rebuildTallies(deps, off);
  for (const { pollId, part, was, is } of mended ?? []) {
    if (was === null) deps.log.info({ event: "tally_rebuilt", pollId, part, is });
    else deps.log.warn({ event: "tally_mended", pollId, part, was, is });
  }
  return mended;
}

/** Polls whose tallies may be off, until somebody has looked. */
export class DoubtfulPolls {
  readonly #ids = new Set<PollId>();

  add(ids: Iterable<PollId>): void {
    for (const id of ids) this.#ids.add(id);
  }

  get ids(): ReadonlySet<PollId> {
    return this.#ids;
  }

  settle(ids: Iterable<PollId>): void {
    for (const id of ids) this.#ids.delete(id);
  }
}
