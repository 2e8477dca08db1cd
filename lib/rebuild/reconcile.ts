/**
 * Compares tallies with MySQL's totals, and corrects differences.
 *
 * The comparison takes no lock: when nothing waits in any queue, before and after it, tallies and totals must be
 * equal. Only a difference, or queues that are never quiescent, call for `rebuildTallies`, which freezes the queues
 * for a moment.
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

/** `busy`: ballots are on their way, so a comparison needs frozen queues. */
export type Comparison =
  | { readonly state: "busy" }
  | { readonly state: "compared"; readonly off: Poll[] };

/**
 * Finds the polls whose tallies are missing or differ from their totals.
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

/** The pointers of all queues as one text; `undefined` when a queue has slots waiting. */
async function positions(deps: TallyDeps): Promise<string | undefined> {
  const states = await Promise.all(
    serversUp(deps.placement.queueServers).map(server => readQueues(server, deps.homes.names)),
  );
  const checkpoints = new Map(
    (await openCheckpoints(deps.store)).map(open => [open.epoch, open.slot]),
  );
  const all = states.flat();
  if (all.some(({ epoch, pointer }) => checkpoints.get(epoch) !== pointer)) return undefined;
  return all.map(({ epoch, pointer }) => `${epoch}:${pointer}`).join(" ");
}

/** True when the tally equals the totals on every server that is up. */
async function equal(
  deps: TallyDeps,
  poll: Poll,
  totals: { ballots: number; votes: ReadonlyMap<TallyPart, number> } | undefined,
): Promise<boolean> {
  const parts = partsOf(poll);
  for (const server of deps.placement.up(poll.key)) {
    const tally = await readTally(server, poll.key, parts);
    if (!tally || !totals || tally.ballots !== totals.ballots) return false;
    const same = parts.every(part => tally.votes.get(part) === (totals.votes.get(part) ?? 0));
    if (!same) return false;
  }
  return true;
}

/** Polls whose tally is missing on a server: it lost its memory, or its tally was stale and removed. */
async function withMissingTallies(
  deps: TallyDeps,
  polls: readonly Poll[],
): Promise<readonly Poll[]> {
  const found: Poll[] = [];
  for (const poll of polls) {
    const parts = partsOf(poll);
    for (const server of deps.placement.up(poll.key)) {
      if (!(await readTally(server, poll.key, parts))) found.push(poll);
    }
  }
  return [...new Set(found)];
}

/**
 * True when every waiting batch can be read: fewer queue servers are away than there are copies. Otherwise the
 * batches of a server that is away would be missing from the comparison, and come back later.
 */
function seesEverything({ placement, copies }: TallyDeps): boolean {
  const away = placement.queueServers.filter(
    server => !server.available && !placement.isGone(server),
  );
  return away.length < copies;
}

/**
 * Compares the tallies of `polls` with MySQL and corrects those that differ. Resolves with the corrections;
 * `undefined` when a queue server is away that may hold ballots of its own, or when the queues are busy and `force`
 * is false: try again later.
 *
 * @param force - freeze busy queues instead of giving up; a missing tally is rebuilt in any case.
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
  const off = busy ? (force ? polls : await withMissingTallies(deps, polls)) : comparison.off;
  if (off.length === 0) return busy ? undefined : [];
  const corrections = await rebuildTallies(deps, off);
  for (const { pollId, part, was, is } of corrections ?? []) {
    if (was === null) deps.log.info({ event: "tally_rebuilt", pollId, part, is });
    else deps.log.warn({ event: "tally_corrected", pollId, part, was, is });
  }
  return corrections;
}

/** Polls whose tallies may be wrong, until they have been compared. */
export class DoubtfulPolls {
  readonly #ids = new Set<PollId>();
  #all = false;

  add(ids: ReadonlySet<PollId> | readonly PollId[] | "all"): void {
    if (ids === "all") this.#all = true;
    else for (const id of ids) this.#ids.add(id);
  }

  /** True when every poll's tallies may be wrong; the caller adds their ids. */
  takeAll(): boolean {
    const all = this.#all;
    this.#all = false;
    return all;
  }

  get ids(): ReadonlySet<PollId> {
    return this.#ids;
  }

  remove(ids: Iterable<PollId>): void {
    for (const id of ids) this.#ids.delete(id);
  }
}
