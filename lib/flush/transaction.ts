/**
 * The one transaction that moves slots into MySQL: ballots, totals and checkpoint together, or not at
 * all. So a worker may die anywhere, and any number of workers may run side by side.
 *
 * Order of locks: the queue's checkpoint row · batches · polls (shared) · ballots · totals. Everybody
 * takes them in this order, and rows of one table in the order of their keys.
 *
 * Invariant: a slot's ballots are added to the totals in the same transaction that moves the checkpoint
 *   past it, and only the rows that this transaction really brought are added.
 *
 * Source: DESIGN §4 "The transaction".
 */
import { faultPoint } from "#faults";
import type { Epoch, PollId } from "../ids.ts";
import { type Batch, encodeBatch } from "../queue/slot-codec.ts";
import { type BallotRow, holdBallots, insertBallots, replaceBallot } from "../store/ballots.ts";
import { insertBatches, knownBatches } from "../store/batches.ts";
import { lockCheckpoint, moveCheckpoint } from "../store/checkpoints.ts";
import { type DeadLetter, insertDeadLetters } from "../store/dead-letters.ts";
import { holdPolls } from "../store/polls.ts";
import type { Database, Store } from "../store/pool.ts";
import { addToTotals } from "../store/totals.ts";
import {
  type Arrival,
  ballotRow,
  cameBefore,
  type Fate,
  firstOfEachVoter,
  refusalOf,
  sumUp,
  type Verdict,
  voterIn,
} from "./sort-out.ts";

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
  /** Slots up to this one have been deleted from memcached. */
  readonly deleted: number;
  /** Numbers among `from + 1 … to` that nobody wrote. */
  readonly holes: number;
}

/** `busy`: another worker is at this queue. `moved`: it has been; start again from `checkpoint`. */
export type FlushOutcome =
  | { readonly outcome: "committed"; readonly verdict: Verdict; readonly letters: number }
  | { readonly outcome: "busy" }
  | { readonly outcome: "moved"; readonly checkpoint: number };

const rowsPerInsert = 1_000;

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

    const { arrivals, refused } = await sortOut(db, fresh);
    const fates = await bringBallots(db, arrivals);
    const repeated = slots.filter(entry => !fresh.includes(entry)).flatMap(toArrivals);
    const verdict = sumUp(
      [...arrivals, ...repeated],
      arrival => fates.get(arrival) ?? { fate: "redelivered" },
    );

    await addToTotals(db, verdict.totals);
    const letters = [...work.letters, ...refused];
    await insertDeadLetters(db, work.epoch, letters, nowMs);
    await moveCheckpoint(db, work.epoch, work, nowMs);
    faultPoint("worker.before-commit");
    return { outcome: "committed", verdict, letters: letters.length };
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

function toArrivals({ slot, batch }: Slots[number]): Arrival[] {
  return batch.ballots.map(ballot => ({ slot, batchId: batch.id, ballot }));
}

/** Ballots that can be counted, and letters for those that never can. */
async function sortOut(
  db: Database,
  slots: Slots,
): Promise<{ arrivals: Arrival[]; refused: DeadLetter[] }> {
  const ids = new Set<PollId>(slots.flatMap(({ batch }) => batch.ballots.map(b => b.pollId)));
  const polls = await holdPolls(db, [...ids]);
  const arrivals: Arrival[] = [];
  const refused: DeadLetter[] = [];
  for (const arrival of slots.flatMap(toArrivals)) {
    const { slot, batchId, ballot } = arrival;
    const reason = refusalOf(ballot, polls);
    if (reason === undefined) arrivals.push(arrival);
    else {
      const bytes = encodeBatch({ id: batchId, ballots: [ballot], talliesDoubtful: false });
      refused.push({ pollId: ballot.pollId, slot, reason, bytes, ballots: 1 });
    }
  }
  return { arrivals, refused };
}

/** Inserts what is new and says of every arrival what became of it. */
async function bringBallots(
  db: Database,
  arrivals: readonly Arrival[],
): Promise<ReadonlyMap<Arrival, Fate>> {
  const fates = new Map<Arrival, Fate>();
  const first = firstOfEachVoter(arrivals);
  /** The ballot that stands for a voter now, by its id. */
  const standing = new Map<string, Buffer>();
  for (let at = 0; at < first.length; at += rowsPerInsert) {
    const chunk = first.slice(at, at + rowsPerInsert);
    const rows = chunk.map(ballotRow);
    const allNew = (await insertBallots(db, rows)) === rows.length;
    const stored = allNew ? new Map() : await storedBefore(db, rows);
    for (const [index, arrival] of chunk.entries()) {
      const row = rows[index];
      if (!row) continue;
      const other = stored.get(voterIn(row));
      const fate = other ? await meet(db, row, other) : ({ fate: "counted" } as const);
      fates.set(arrival, fate);
      const stands = fate.fate === "duplicate" && other ? other : row;
      standing.set(voterIn(row), stands.ballotId);
    }
  }
  for (const arrival of arrivals) {
    if (fates.has(arrival)) continue;
    const same = standing.get(voterIn(arrival.ballot))?.equals(ballotRow(arrival).ballotId);
    fates.set(arrival, { fate: same ? "redelivered" : "duplicate" });
  }
  return fates;
}

/**
 * The ballots of these voters that stood there before. A row that this transaction brought carries our
 * batch's id, and no earlier row can: batches are committed once.
 */
async function storedBefore(
  db: Database,
  rows: readonly BallotRow[],
): Promise<ReadonlyMap<string, BallotRow>> {
  const offered = new Map(rows.map(row => [voterIn(row), row]));
  const stored = await holdBallots(db, rows);
  return new Map(
    stored
      .filter(row => !offered.get(voterIn(row))?.batchId.equals(row.batchId))
      .map(row => [voterIn(row), row]),
  );
}

/** A ballot meets another one of its voter. */
async function meet(db: Database, row: BallotRow, other: BallotRow): Promise<Fate> {
  if (row.ballotId.equals(other.ballotId)) return { fate: "redelivered" };
  if (!cameBefore(row, other)) return { fate: "duplicate" };
  await replaceBallot(db, row);
  return { fate: "earlier", instead: other.choices };
}
