/**
 * Trying to count what is in a dead letter again, after whatever refused it was put right. What counts now
 * is counted as if it had come just then, and the letter goes, in one transaction: so it is counted once,
 * however often and by however many this is tried.
 *
 * Invariant: ballots that a letter brings carry a batch id of the letter's own. `bringBallots` takes rows of
 *   the batch that it brings for its own, and the letter's batch may have brought rows before.
 *
 * Order of locks: the letter, then as in `transaction.ts`, but the polls before the batches: only they say
 * whether it stays, and one that stays leaves nothing behind.
 */
import { wallMs } from "../base/clock.ts";
import { isFloodgateError } from "../base/errors.ts";
import { arrivalsOf } from "../books/arrivals.ts";
import type { Batch } from "../model/ballot.ts";
import type { BatchId, Epoch, PollId } from "../model/ids.ts";
import { decodeBatch } from "../queue/slot-codec.ts";
import { addArrived } from "../store/acceptances.ts";
import { insertBatches, knownBatches } from "../store/batches.ts";
import type { Database, Store } from "../store/database.ts";
import { deleteDeadLetter, lockDeadLetter } from "../store/dead-letters.ts";
import { lockPolls } from "../store/locked-polls.ts";
import { addToTotals } from "../store/totals.ts";
import { type Arrival, refusalOf, tallyCorrections } from "./fates.ts";
import { counted, settleBallots } from "./insert-ballots.ts";

export type Redriven =
  | {
      readonly outcome: "counted";
      readonly counted: number;
      readonly duplicates: number;
      readonly polls: ReadonlySet<PollId>;
    }
  | { readonly outcome: "stays"; readonly reason: string };

/**
 * Re-drives one letter, all of it or nothing.
 *
 * @throws StoreFailure.
 */
export function redriveLetter(store: Store, id: number): Promise<Redriven> {
  return store.transaction(async db => {
    const letter = await lockDeadLetter(db, id);
    if (!letter) return { outcome: "stays", reason: "there is no such letter" };
    const batch = decode(letter.bytes);
    if (typeof batch === "string") return { outcome: "stays", reason: batch };
    const ids = new Set(batch.ballots.map(({ pollId }) => pollId));
    const polls = await lockPolls(db, [...ids]);
    for (const ballot of batch.ballots) {
      const reason = refusalOf(ballot, polls);
      if (reason !== undefined) return { outcome: "stays", reason };
    }
    // An unreadable letter was in no book; any other one was set aside.
    const wasAside = letter.ballots > 0;
    if (!wasAside && (await knownBatches(db, [batch.id])).size > 0) {
      await deleteDeadLetter(db, id);
      return { outcome: "counted", counted: 0, duplicates: 0, polls: ids };
    }
    const batchId = batchOf(id);
    const brought = wasAside ? [batchId] : [batchId, batch.id];
    await recordBatches(db, brought, batch.ballots.length);
    const arrivals = batch.ballots.map(
      (ballot): Arrival => ({ slot: letter.slot, batchId, ballot }),
    );
    const fates = await settleBallots(db, arrivals, true);
    const verdict = tallyCorrections(arrivals, arrival => fates.get(arrival) ?? counted);
    const { totals, duplicates } = verdict;
    const changes = [...totals].map(([poll, change]) => {
      const aside = batch.ballots.filter(({ pollId }) => pollId === poll).length;
      return [poll, { ...change, setAside: wasAside ? -aside : 0 }] as const;
    });
    await addToTotals(db, new Map(changes));
    if (!wasAside) await addArrived(db, arrivalsOf([batch]));
    await deleteDeadLetter(db, id);
    return { outcome: "counted", counted: verdict.counted, duplicates, polls: ids };
  });
}

/** In `batches`, in the place of an epoch: brought by a letter. */
const letterEpoch = "letter" as Epoch;

/** The batch id of a letter: unlike those of fronts, which begin with random bytes. */
function batchOf(letter: number): BatchId {
  const id = Buffer.alloc(12);
  id.write("letr", "ascii");
  id.writeBigUInt64BE(BigInt(letter), 4);
  return id as BatchId;
}

/** The letter's own batch, and the one in it if nobody has brought that: should it come late, it is known. */
function recordBatches(db: Database, ids: readonly BatchId[], ballots: number): Promise<void> {
  const batches = ids.map(id => ({ id, slot: 0, ballots }));
  return insertBatches(db, letterEpoch, batches, wallMs());
}

function decode(bytes: Buffer): Batch | string {
  try {
    return decodeBatch(bytes) ?? "it is empty";
  } catch (error) {
    if (!isFloodgateError(error, "slot_corrupt")) throw error;
    return `it can't be read: ${error.detail}`;
  }
}
