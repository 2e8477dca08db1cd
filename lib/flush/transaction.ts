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
import type { Ballot, Batch } from "../model/ballot.ts";
import type { Epoch, PollId } from "../model/ids.ts";
import { decodeBatch, encodeBatch } from "../queue/slot-codec.ts";
import { lockCheckpoint, moveCheckpoint } from "../store/checkpoints.ts";
import type { Store } from "../store/database.ts";
import { type DeadLetter, insertDeadLetters } from "../store/dead-letters.ts";
import { permanentRefusal } from "./fates.ts";
import { pollsOf, type RefusedBallot, type SlotBatch, settle } from "./settle.ts";
import type { Verdict } from "./tally-corrections.ts";

/** What was read from one queue. */
export interface FlushWork {
  readonly epoch: Epoch;
  /** The checkpoint; `slots` begin after it. */
  readonly from: number;
  /** The checkpoint afterwards: the newest slot with no missing slot before it. */
  readonly to: number;
  readonly slots: readonly SlotBatch[];
  /** Slots that did not decode. */
  readonly deadLetters: readonly DeadLetter[];
  /** Ballots that MySQL refuses, and its reason: each becomes a dead letter of its own. */
  readonly refused?: ReadonlyMap<Ballot, string>;
  /** Slots up to this one have been deleted from memcached. */
  readonly deleted: number;
  /** Tombstones among `from + 1 … to`. */
  readonly missing: number;
}

export interface Committed {
  readonly outcome: "committed";
  readonly verdict: Verdict;
  /** Slots whose batch was in MySQL already: a second copy, a replay, a repeated write. */
  readonly repeated: number;
  /** Polls whose tallies may have been moved more than once for a batch, or not at all. */
  readonly doubtful: ReadonlySet<PollId>;
  readonly deadLetters: number;
}

/** `busy`: another worker has locked the queue's checkpoint. `moved`: another worker moved it; start again there. */
export type FlushOutcome =
  | Committed
  | { readonly outcome: "busy" }
  | { readonly outcome: "moved"; readonly checkpoint: number };

/**
 * Commits one piece of work.
 *
 * @throws StoreFailure. `commit_unknown`: the checkpoint tells whether it was committed. `duplicate` and
 *   `contention`: rolled back; try again.
 */
export function commitWork(store: Store, work: FlushWork, nowMs: number): Promise<FlushOutcome> {
  const { epoch } = work;
  return store.transaction(async db => {
    const checkpoint = await lockCheckpoint(db, epoch);
    if (checkpoint === undefined) return { outcome: "busy" };
    if (checkpoint !== work.from) return { outcome: "moved", checkpoint };
    const { fresh, repeated, refused, verdict } = await settle(db, work.slots, {
      epoch,
      nowMs,
      refusal: (ballot, polls) => work.refused?.get(ballot) ?? permanentRefusal(ballot, polls),
      refused: "set-aside",
      accepted: true,
      setAside: legible(work.deadLetters),
    });
    const deadLetters = [...work.deadLetters, ...refused.map(deadLetterOf)];
    await insertDeadLetters(db, epoch, deadLetters, nowMs);
    await moveCheckpoint(db, epoch, work, nowMs);
    faultPoint("worker.before-commit");
    const doubtful = [...fresh, ...repeated]
      .map(({ batch }) => batch)
      .filter(({ talliesDoubtful }) => talliesDoubtful);
    return {
      outcome: "committed",
      verdict,
      repeated: repeated.length,
      doubtful: pollsOf(doubtful),
      deadLetters: deadLetters.length,
    };
  });
}

/** One refused ballot, encoded again as a slot of its own. */
function deadLetterOf({ arrival: { slot, batchId, ballot }, reason }: RefusedBallot): DeadLetter {
  const bytes = encodeBatch({ id: batchId, ballots: [ballot], talliesDoubtful: false });
  return { pollId: ballot.pollId, slot, reason, bytes, ballots: 1 };
}

/** The batches of those letters that decode. */
function legible(letters: readonly DeadLetter[]): Batch[] {
  return letters.flatMap(({ bytes }) => {
    try {
      return decodeBatch(bytes) ?? [];
    } catch {
      return [];
    }
  });
}
