/**
 * Finds the ballots of one slot that MySQL refuses, by bisection: each half is tried in a transaction that is
 * rolled back. One bad ballot among 500 costs about twenty trials.
 */
import type { Ballot, Batch } from "../model/ballot.ts";
import type { Store } from "../store/database.ts";
import { isStoreFailure } from "../store/failure.ts";
import { insertArrivals } from "./insert-ballots.ts";

/**
 * The refused ballots, each with the error text of MySQL. Empty: every ballot is fine by itself, so the cause is
 * elsewhere.
 *
 * @throws StoreFailure of any other kind than a refusal: nothing was found out.
 */
export async function findRefused(
  store: Store,
  slot: number,
  batch: Batch,
): Promise<ReadonlyMap<Ballot, string>> {
  const refused = new Map<Ballot, string>();
  const search = async (ballots: readonly Ballot[]): Promise<void> => {
    const [first] = ballots;
    const reason = await trial(store, slot, { ...batch, ballots });
    if (reason === undefined || !first) return;
    if (ballots.length === 1) {
      refused.set(first, reason);
      return;
    }
    const middle = Math.ceil(ballots.length / 2);
    await search(ballots.slice(0, middle));
    await search(ballots.slice(middle));
  };
  await search(batch.ballots);
  return refused;
}

/** The error text with which MySQL refuses these ballots, or `undefined`. Always rolled back. */
async function trial(store: Store, slot: number, batch: Batch): Promise<string | undefined> {
  const rollBack = new Error("rolled back: a trial");
  const arrivals = batch.ballots.map(ballot => ({ slot, batchId: batch.id, ballot }));
  try {
    return await store.transaction<undefined>(async db => {
      await insertArrivals(db, arrivals, true);
      throw rollBack;
    });
  } catch (error) {
    if (error === rollBack) return undefined;
    const refusal = isStoreFailure(error, "invalid") || isStoreFailure(error, "too_large");
    if (!refusal) throw error;
    return error.message;
  }
}
