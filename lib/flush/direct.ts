/**
 * A batch that goes straight into MySQL, because no queue server can take it. What a flush does for slots,
 * in one transaction, without a checkpoint: its lock order is the flush's (`transaction.ts`).
 *
 * Invariant: the batch's id is in `batches` like any other's. An attempt to enqueue it may have got in
 *   without an answer; when that slot is flushed, it is known.
 * Invariant: the closing time is judged here, under the poll's row: no front can know of an editor's
 *   decision while memcached is away.
 */
import { arrivalsOf } from "../books/arrivals.ts";
import type { Ballot, Batch } from "../model/ballot.ts";
import type { Epoch } from "../model/ids.ts";
import { addArrived } from "../store/acceptances.ts";
import { insertBatches, knownBatches } from "../store/batches.ts";
import type { Store } from "../store/database.ts";
import { lockPolls } from "../store/locked-polls.ts";
import { addToTotals } from "../store/totals.ts";
import {
  type Arrival,
  type Fate,
  refusalOf,
  type Standing,
  tallyCorrections,
  type Verdict,
} from "./fates.ts";
import { counted, settleBallots } from "./insert-ballots.ts";

/** In `batches`, in the place of an epoch: brought by a front itself. */
const directEpoch = "direct" as Epoch;

/**
 * `counted`: or the very same ballot was there. `refused`: its poll takes no ballots any more. `instead`: another
 * ballot of its voter stands, or the very same one.
 */
export type DirectFate = "counted" | "refused" | { readonly instead: Standing };

export interface DirectOutcome {
  readonly fates: ReadonlyMap<Ballot, DirectFate>;
  /** `undefined`: the batch was in MySQL already. */
  readonly verdict: Verdict | undefined;
}

/**
 * Commits one batch.
 *
 * @param accepted - its voters were told so before: whatever becomes of its ballots is in the books.
 * @throws StoreFailure. `commit_unknown`: the same batch again tells. `duplicate` and `contention`: rolled
 *   back, try again.
 */
export function commitDirectly(
  store: Store,
  batch: Batch,
  accepted: boolean,
  nowMs: number,
): Promise<DirectOutcome> {
  return store.transaction(async db => {
    const { id, ballots } = batch;
    if ((await knownBatches(db, [id])).size > 0) {
      return { fates: new Map(ballots.map(b => [b, "counted" as const])), verdict: undefined };
    }
    await insertBatches(db, directEpoch, [{ id, slot: 0, ballots: ballots.length }], nowMs);
    const polls = await lockPolls(db, [...new Set(ballots.map(ballot => ballot.pollId))]);
    const arrivals: Arrival[] = [];
    const fates = new Map<Ballot, DirectFate>();
    for (const ballot of ballots) {
      const closesAtMs = polls.get(ballot.pollId)?.closesAtMs ?? null;
      const late = closesAtMs !== null && ballot.receivedAtMs >= closesAtMs;
      if (late || refusalOf(ballot, polls) !== undefined) fates.set(ballot, "refused");
      else arrivals.push({ slot: 0, batchId: id, ballot });
    }
    const found = await settleBallots(db, arrivals, accepted);
    const fateOf = (arrival: Arrival) => found.get(arrival) ?? counted;
    // Otherwise, one that does not stand is refused to its voter's face: never accepted, it is in no book.
    const kept = arrivals.filter(arrival => accepted || !isRefused(fateOf(arrival)));
    const verdict = tallyCorrections(kept, fateOf);
    await addToTotals(db, verdict.totals);
    await addArrived(db, arrivalsOf([{ id, ballots: kept.map(({ ballot }) => ballot) }]));
    for (const arrival of arrivals) {
      const fate = fateOf(arrival);
      const instead = "standing" in fate ? fate.standing : undefined;
      fates.set(arrival.ballot, instead ? { instead } : "counted");
    }
    return { fates, verdict };
  });
}

function isRefused({ fate }: Fate): boolean {
  return fate === "duplicate" || fate === "replaced";
}
