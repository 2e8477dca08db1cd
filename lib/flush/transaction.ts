/**
 * The transaction that moves slots into MySQL: ballots, totals and checkpoint together, or not at all. So a
 * worker may die at any point, and any number of workers may run side by side.
 *
 * Invariant: a slot's ballots are added to the totals in the same transaction that moves the checkpoint
 *   past it.
 *
 * Locks: the queue's checkpoint row, then the order of `settle.ts`.
 *
 * Source: `docs/architecture.md`, "The flush".
 */
import { faultPoint } from "#faults";
import type { Ballot } from "../model/ballot.ts";
import type { BatchId, Epoch } from "../model/ids.ts";
import { knownBatches } from "../store/batches.ts";
import { lockCheckpoint, moveCheckpoint, readCheckpoint } from "../store/checkpoints.ts";
import type { Store } from "../store/database.ts";
import { type DeadLetter, insertDeadLetters } from "../store/dead-letters.ts";
import type { DoubtfulTallies } from "./deps.ts";
import { permanentRefusal } from "./fates.ts";
import type { Loading } from "./loading.ts";
import { deadLetterOf, pollsOf, type SlotBatch, settle } from "./settle.ts";
import type { Verdict } from "./tally-corrections.ts";

/** What was read from one queue. */
export interface FlushWork {
  readonly epoch: Epoch;
  /** The checkpoint; `slots` begin after it. */
  readonly from: number;
  /** The checkpoint afterwards: the newest slot with no missing slot before it. */
  readonly to: number;
  readonly slots: readonly SlotBatch[];
  /** Slots that did not decode, or that MySQL refuses as a whole. */
  readonly deadLetters: readonly DeadLetter[];
  /** Ballots that MySQL refuses, and its reason: each becomes a dead letter of its own. */
  readonly refused?: ReadonlyMap<Ballot, string>;
  /** Ballots in one statement, where MySQL takes only short ones. */
  readonly rowsPerInsert?: number;
  /** Slots up to this one have been deleted from memcached. */
  readonly deleted: number;
  /** Tombstones among `from + 1 … to`. */
  readonly missing: number;
  /** Batches among `from + 1 … to` that this worker committed before, behind a missing slot. */
  readonly before: readonly BatchId[];
}

export interface Committed {
  readonly outcome: "committed";
  readonly verdict: Verdict;
  /** Slots whose batch was in MySQL already: a second copy, a replay, a repeated write. */
  readonly repeated: number;
  readonly doubtful: DoubtfulTallies;
  readonly deadLetters: number;
  /** Some of them are of a poll that MySQL does not have. */
  readonly hasHomeless: boolean;
}

/**
 * - `busy`: another worker has locked the queue's checkpoint.
 * - `moved`: the checkpoint is not where this worker read from; start again there.
 * - `lost`: MySQL lacks an earlier commit: the checkpoint's row, or a batch that was committed before.
 */
export type FlushOutcome =
  | Committed
  | { readonly outcome: "busy" | "lost" }
  | { readonly outcome: "moved"; readonly checkpoint: number };

/**
 * Commits one piece of work.
 *
 * @param loading - absent: nothing is loaded.
 * @throws StoreFailure. `commit_unknown`: the checkpoint tells whether it was committed. `duplicate` and
 *   `contention`: rolled back; try again.
 */
export function commitWork(
  store: Store,
  work: FlushWork,
  nowMs: number,
  loading?: Loading,
): Promise<FlushOutcome> {
  return transact(store, work, nowMs, () => faultPoint("worker.before-commit"), loading);
}

/** Thrown inside the transaction, to roll it back. */
class TrialPassed extends Error {}

/**
 * Runs the transaction up to its COMMIT, and rolls it back. False: another worker has taken over the queue.
 *
 * @throws StoreFailure: what `commitWork` would have thrown.
 */
export async function tryWork(store: Store, work: FlushWork, nowMs: number): Promise<boolean> {
  try {
    await transact(store, work, nowMs, () => {
      throw new TrialPassed();
    });
    return false;
  } catch (error) {
    if (error instanceof TrialPassed) return true;
    throw error;
  }
}

function transact(
  store: Store,
  work: FlushWork,
  nowMs: number,
  beforeCommit: () => void,
  loading?: Loading,
): Promise<FlushOutcome> {
  const { epoch, rowsPerInsert } = work;
  return store.transaction(async db => {
    const checkpoint = await lockCheckpoint(db, epoch);
    // A row that another worker has locked looks like no row; a read without a lock tells.
    if (checkpoint === undefined) {
      return { outcome: (await readCheckpoint(db, epoch)) ? "busy" : "lost" };
    }
    if (checkpoint !== work.from) return { outcome: "moved", checkpoint };
    if ((await knownBatches(db, work.before)).size < work.before.length) return { outcome: "lost" };
    const { fresh, repeated, refused, verdict } = await settle(db, work.slots, {
      epoch,
      nowMs,
      refusal: (ballot, polls) => work.refused?.get(ballot) ?? permanentRefusal(ballot, polls),
      refused: "set-aside",
      accepted: true,
      loading,
      ...(rowsPerInsert !== undefined && { rowsPerInsert }),
    });
    const deadLetters = [...work.deadLetters, ...refused.map(deadLetterOf)];
    await insertDeadLetters(db, epoch, deadLetters, nowMs);
    await moveCheckpoint(db, epoch, work, nowMs);
    beforeCommit();
    const doubtful = [...fresh, ...repeated]
      .map(({ batch }) => batch)
      .filter(({ talliesDoubtful }) => talliesDoubtful);
    return {
      outcome: "committed",
      verdict,
      repeated: repeated.length,
      doubtful: work.deadLetters.length > 0 ? "all" : pollsOf(doubtful),
      deadLetters: deadLetters.length,
      hasHomeless: refused.some(({ homeless }) => homeless),
    };
  });
}

/**
 * Every poll whose ballots are in the work, for a commit whose outcome is not known. A slot that does not decode may have
 * moved the tallies of any poll.
 */
export function pollsInWork({ deadLetters, slots }: FlushWork): DoubtfulTallies {
  return deadLetters.length > 0 ? "all" : pollsOf(slots.map(({ batch }) => batch));
}
