/**
 * Trying to count what is in a dead letter again, after whatever refused it was put right. What counts now
 * is counted as if it had come just then, and the letter goes, in one transaction: so it is counted once,
 * however often and by however many this is tried.
 */

import { arrivalsOf } from "../books/arrivals.ts";
import { isFloodgateError } from "../errors.ts";
import type { PollId } from "../ids.ts";
import { type Batch, decodeBatch } from "../queue/slot-codec.ts";
import { addArrived } from "../store/acceptances.ts";
import { deleteDeadLetter, lockDeadLetter } from "../store/dead-letters.ts";
import { holdPolls } from "../store/polls.ts";
import type { Store } from "../store/pool.ts";
import { addToTotals } from "../store/totals.ts";
import { bringBallots } from "./bring-ballots.ts";
import { type Arrival, refusalOf, sumUp } from "./sort-out.ts";

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
    const polls = await holdPolls(db, [...ids]);
    for (const ballot of batch.ballots) {
      const reason = refusalOf(ballot, polls);
      if (reason !== undefined) return { outcome: "stays", reason };
    }
    const arrivals = batch.ballots.map(
      (ballot): Arrival => ({ slot: letter.slot, batchId: batch.id, ballot }),
    );
    const fates = await bringBallots(db, arrivals);
    const verdict = sumUp(arrivals, arrival => fates.get(arrival) ?? { fate: "redelivered" });
    // An unreadable letter was in no book; any other one was set aside.
    const wasAside = letter.ballots > 0;
    if (!wasAside) await addArrived(db, arrivalsOf([batch]));
    const { totals, counted, duplicates } = verdict;
    const changes = [...totals].map(([poll, change]) => {
      const aside = batch.ballots.filter(({ pollId }) => pollId === poll).length;
      return [poll, { ...change, setAside: wasAside ? -aside : 0 }] as const;
    });
    await addToTotals(db, new Map(changes));
    await deleteDeadLetter(db, id);
    return { outcome: "counted", counted, duplicates, polls: ids };
  });
}

function decode(bytes: Buffer): Batch | string {
  try {
    return decodeBatch(bytes) ?? "it is empty";
  } catch (error) {
    if (!isFloodgateError(error, "slot_corrupt")) throw error;
    return `it can't be read: ${error.detail}`;
  }
}
