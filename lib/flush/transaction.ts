/**
 * The one transaction that moves slots into MySQL: ballots, totals and checkpoint together, or not at
 * all. So a worker may die anywhere, and any number of workers may run side by side.
 *
 * Order of locks: the queue's checkpoint row · batches · polls (shared) · ballots · totals · acceptances.
 * Everybody takes them in this order (but for a letter's batches, `redrive.ts`), and rows of one table in
 * the order of their keys.
 *
 * Invariant: a slot's ballots are added to the totals in the same transaction that moves the checkpoint
 *   past it, and only the rows that this transaction really brought are added.
 *
 * Source: `docs/architecture.md`, "The flush".
 */
import { faultPoint } from "#faults";
import { arrivalsOf } from "../books/arrivals.ts";
import type { Ballot, Batch } from "../model/ballot.ts";
import type { Epoch, PollId } from "../model/ids.ts";
import { decodeBatch, encodeBatch } from "../queue/slot-codec.ts";
import { addArrived } from "../store/acceptances.ts";
import { insertBatches, knownBatches } from "../store/batches.ts";
import { lockCheckpoint, moveCheckpoint } from "../store/checkpoints.ts";
import type { Database, Store } from "../store/database.ts";
import { type DeadLetter, insertDeadLetters } from "../store/dead-letters.ts";
import { type LockedPoll, lockPolls } from "../store/locked-polls.ts";
import { addToTotals } from "../store/totals.ts";
import { type Arrival, refusalOf, tallyCorrections, type Verdict } from "./fates.ts";
import { counted, settleBallots } from "./insert-ballots.ts";

/** What was read from one queue. */
export interface FlushWork {
  readonly epoch: Epoch;
  /** The checkpoint that `slots` begin behind. */
  readonly from: number;
  /** The checkpoint afterwards: the newest slot without a gap before it. */
  readonly to: number;
  readonly slots: readonly { readonly slot: number; readonly batch: Batch }[];
  /** Slots that did not decode. */
  readonly letters: readonly DeadLetter[];
  /** Ballots that MySQL refuses, and what it says: each goes to the letters by itself. */
  readonly refused?: ReadonlyMap<Ballot, string>;
  /** Slots up to this one have been deleted from memcached. */
  readonly deleted: number;
  /** Numbers among `from + 1 … to` that nobody wrote. */
  readonly holes: number;
}

export interface Committed {
  readonly outcome: "committed";
  readonly verdict: Verdict;
  /** Slots whose batch was in MySQL already: a second copy, a replay, a write repeated. */
  readonly repeated: number;
  /** Polls whose tallies may have been moved more than once for a batch, or not at all. */
  readonly doubtful: ReadonlySet<PollId>;
  readonly letters: number;
}

/** `busy`: another worker is at this queue. `moved`: it has been; start again from `checkpoint`. */
export type FlushOutcome =
  | Committed
  | { readonly outcome: "busy" }
  | { readonly outcome: "moved"; readonly checkpoint: number };

/**
 * Commits one piece of work.
 *
 * @throws StoreFailure. `commit_unknown`: read the checkpoint to learn whether it was committed.
 *   `duplicate` and `contention`: rolled back, try again.
 */
export function commitWork(store: Store, work: FlushWork, nowMs: number): Promise<FlushOutcome> {
  return store.transaction(async db => {
    const checkpoint = await lockCheckpoint(db, work.epoch);
    if (checkpoint === undefined) return { outcome: "busy" };
    if (checkpoint !== work.from) return { outcome: "moved", checkpoint };

    const known = await knownBatches(
      db,
      work.slots.map(({ batch }) => batch.id),
    );
    // A slot committed before, ahead of a hole: it was dealt with, tallies and all.
    const slots = work.slots.filter(({ slot, batch }) => {
      const before = known.get(hex(batch.id));
      return before?.epoch !== work.epoch || before.slot !== slot;
    });
    const fresh = distinctBatches(slots).filter(({ batch }) => !known.has(hex(batch.id)));
    await insertBatches(
      db,
      work.epoch,
      fresh.map(({ slot, batch }) => ({ id: batch.id, slot, ballots: batch.ballots.length })),
      nowMs,
    );

    const { arrivals, refused, polls } = await sortOut(db, fresh, work);
    const fates = await settleBallots(db, arrivals, true);
    const letters = [...work.letters, ...refused];
    const verdict = tallyCorrections(
      arrivals,
      arrival => fates.get(arrival) ?? counted,
      legible(letters)
        .flatMap(batch => batch.ballots)
        .filter(({ pollId }) => polls.has(pollId)),
    );

    await addToTotals(db, verdict.totals);
    await addArrived(
      db,
      arrivalsOf([...fresh.map(({ batch }) => batch), ...legible(work.letters)]),
    );
    await insertDeadLetters(db, work.epoch, letters, nowMs);
    await moveCheckpoint(db, work.epoch, work, nowMs);
    faultPoint("worker.before-commit");
    return {
      outcome: "committed",
      verdict,
      repeated: slots.length - fresh.length,
      doubtful: pollsOf(slots.filter(({ batch }) => batch.talliesDoubtful)),
      letters: letters.length,
    };
  });
}

type Slots = FlushWork["slots"];

const hex = (bytes: Buffer): string => bytes.toString("hex");

/** Without batches that stand in two slots of this same work (a write repeated after a lost answer). */
function distinctBatches(slots: Slots): Slots {
  const seen = new Set<string>();
  return slots.filter(({ batch }) => {
    const id = hex(batch.id);
    return seen.has(id) ? false : seen.add(id);
  });
}

export function pollsOf(slots: Slots): Set<PollId> {
  const polls = new Set<PollId>();
  for (const { batch } of slots) for (const { pollId } of batch.ballots) polls.add(pollId);
  return polls;
}

function toArrivals({ slot, batch }: Slots[number]): Arrival[] {
  return batch.ballots.map(ballot => ({ slot, batchId: batch.id, ballot }));
}

/** Ballots that can be counted, and letters for those that never can. */
async function sortOut(
  db: Database,
  slots: Slots,
  { letters, refused: refusedByMysql }: Pick<FlushWork, "letters" | "refused">,
): Promise<{ arrivals: Arrival[]; refused: DeadLetter[]; polls: ReadonlyMap<PollId, LockedPoll> }> {
  const inLetters = legible(letters).flatMap(({ ballots }) => ballots.map(({ pollId }) => pollId));
  const polls = await lockPolls(db, [...new Set([...pollsOf(slots), ...inLetters])]);
  const arrivals: Arrival[] = [];
  const refused: DeadLetter[] = [];
  for (const arrival of slots.flatMap(toArrivals)) {
    const { slot, batchId, ballot } = arrival;
    const reason = refusedByMysql?.get(ballot) ?? refusalOf(ballot, polls);
    if (reason === undefined) arrivals.push(arrival);
    else {
      const bytes = encodeBatch({ id: batchId, ballots: [ballot], talliesDoubtful: false });
      refused.push({ pollId: ballot.pollId, slot, reason, bytes, ballots: 1 });
    }
  }
  return { arrivals, refused, polls };
}

/** What is in letters that can be read: batches that MySQL refused, ballots of polls that are over. */
function legible(letters: readonly DeadLetter[]): Batch[] {
  return letters.flatMap(({ bytes }) => {
    try {
      return decodeBatch(bytes) ?? [];
    } catch {
      return [];
    }
  });
}
