/**
 * The transaction that counts a dead letter again, after the reason for its refusal was removed. Its ballots
 * are counted as if they arrived now, and the letter is deleted with them: so they are counted once, however
 * often and by however many processes this is tried.
 *
 * Invariant: rows that a letter brings carry a batch id of the letter's own. `insertArrivals` takes rows with
 *   the id of its batch for its own, and other ballots of the letter's batch may have been committed before.
 *
 * Invariant: a ballot in a letter has moved no tally. One that had moved the tallies was taken off them when it was set
 *   aside (`settle.ts`); what a slot that does not decode moved is not known, and was taken off by the comparison of
 *   tallies with totals (`rebuild/reconcile.ts`). So the tallies move by the whole ballot when it is counted.
 *
 * Locks: the dead letter, then the order of `settle.ts`. A letter that is refused rolls everything back.
 */
import { isFloodgateError } from "../base/errors.ts";
import type { Batch } from "../model/ballot.ts";
import type { BatchId, Epoch, PollId } from "../model/ids.ts";
import { decodeBatch } from "../queue/slot-codec.ts";
import { readDatabaseClock } from "../store/clock.ts";
import type { Store } from "../store/database.ts";
import { deleteDeadLetters, lockDeadLetters } from "../store/dead-letters.ts";
import { isStoreFailure } from "../store/failure.ts";
import { permanentRefusal } from "./fates.ts";
import { pollsOf, type SlotBatch, settle } from "./settle.ts";
import type { Verdict } from "./tally-corrections.ts";

export type Redriven =
  | {
      readonly outcome: "counted";
      readonly counted: number;
      readonly duplicates: number;
      /** What the tallies lack. */
      readonly corrections: Verdict["corrections"];
      /** Polls whose tallies should be compared with the totals afterwards. */
      readonly polls: ReadonlySet<PollId>;
    }
  | { readonly outcome: "stays"; readonly reason: string };

/** Thrown inside the transaction, to roll it back. */
class StillRefused extends Error {}

/**
 * Re-drives one letter, all of it or nothing.
 *
 * @throws StoreFailure of any other kind than `invalid`.
 */
export async function redriveLetter(store: Store, id: number): Promise<Redriven> {
  return redriveLetters(store, [id]);
}

/** The same for several letters in one transaction: all of them or nothing. */
export async function redriveLetters(store: Store, ids: readonly number[]): Promise<Redriven> {
  try {
    return await commitLetters(store, ids);
  } catch (error) {
    if (error instanceof StillRefused || isStoreFailure(error, "invalid")) {
      return { outcome: "stays", reason: error.message };
    }
    throw error;
  }
}

/** In `batches`, in the place of an epoch: committed from a dead letter. */
const letterEpoch = "letter" as Epoch;

function commitLetters(store: Store, ids: readonly number[]): Promise<Redriven> {
  return store.transaction(async db => {
    const letters = await lockDeadLetters(db, ids);
    if (letters.length < ids.length) {
      throw new StillRefused("there is no dead letter with this number");
    }
    // The books have the ballots of a letter that could be read as set aside; those of any other, not at all.
    const wasSetAside = letters.every(({ ballots }) => ballots > 0);
    const batches = letters.map(({ id, bytes }) => fromLetter(id, decode(bytes), wasSetAside));
    const { theirMs: nowMs } = await readDatabaseClock(db);
    const { verdict } = await settle(db, batches, {
      epoch: letterEpoch,
      nowMs,
      refusal: (ballot, polls) => {
        const reason = permanentRefusal(ballot, polls);
        if (reason !== undefined) throw new StillRefused(reason);
        return undefined;
      },
      refused: "dropped",
      accepted: true,
      wasSetAside,
    });
    await deleteDeadLetters(db, ids);
    const { counted, duplicates, corrections } = verdict;
    return {
      outcome: "counted",
      counted,
      duplicates,
      corrections,
      polls: pollsOf(batches.map(({ batch }) => batch)),
    };
  });
}

/** A batch that never arrived is recorded under its own id as well: should its slot be flushed later, it is known. */
function fromLetter(id: number, letter: Batch, wasSetAside: boolean): SlotBatch {
  const rowsId = batchOf(id);
  const ballots = letter.ballots.map(ballot => ({ ...ballot, tallied: false }));
  const batch = { ...letter, ballots };
  return wasSetAside ? { slot: 0, batch: { ...batch, id: rowsId } } : { slot: 0, batch, rowsId };
}

/** The batch id of a letter: unlike those of fronts, which begin with random bytes. */
function batchOf(letter: number): BatchId {
  const id = Buffer.alloc(12);
  id.write("letr", "ascii");
  id.writeBigUInt64BE(BigInt(letter), 4);
  return id as BatchId;
}

function decode(bytes: Buffer): Batch {
  try {
    const batch = decodeBatch(bytes);
    if (batch) return batch;
  } catch (error) {
    if (!isFloodgateError(error, "slot_corrupt")) throw error;
    throw new StillRefused(`it can't be read: ${error.detail}`);
  }
  throw new StillRefused("it has no ballots");
}
