/**
 * Finds the ballots of one slot whose data MySQL refuses, by bisection: each half is tried in the flush's own
 * transaction, which is rolled back. One bad ballot among 500 costs about twenty trials.
 *
 * Invariant: a ballot is refused only after two equal answers to that ballot alone, some time apart, while the same
 *   transaction without ballots succeeded. So an error that passes, or that other statements cause, sets nothing aside.
 */
import { sleep } from "../base/clock.ts";
import { retry } from "../base/retry.ts";
import type { Ballot } from "../model/ballot.ts";
import type { Store } from "../store/database.ts";
import { isContended, isStoreFailure } from "../store/failure.ts";
import { type FlushWork, tryWork } from "./transaction.ts";

/** Between two answers about the same ballot: longer than a cluster takes to replace a node. */
const confirmAfterMs = 500;
const contentionRetry = { firstMs: 5, maxMs: 200, attemptsMax: 9, retryable: isContended };

/** Another worker has taken over the queue, so this slot is not ours to judge. */
class TakenOver extends Error {}

/**
 * The refused ballots of the work's only slot, each with the error text of MySQL. Empty: every ballot is fine by
 * itself, so the cause is elsewhere. `undefined`: another worker has taken over the queue.
 *
 * @throws StoreFailure of any other kind than `invalid`: nothing was found out.
 */
export async function findRefused(
  store: Store,
  work: FlushWork,
  nowMs: number,
): Promise<ReadonlyMap<Ballot, string> | undefined> {
  const ballots = work.slots.flatMap(({ batch }) => batch.ballots);
  const reasonOf = (some: readonly Ballot[]) => trial(store, work, some, nowMs);
  try {
    if ((await reasonOf([])) !== undefined) return new Map();
    return await confirmed(await search(ballots, reasonOf), reasonOf);
  } catch (error) {
    if (error instanceof TakenOver) return undefined;
    throw error;
  }
}

type ReasonOf = (ballots: readonly Ballot[]) => Promise<string | undefined>;

async function search(
  ballots: readonly Ballot[],
  reasonOf: ReasonOf,
): Promise<ReadonlyMap<Ballot, string>> {
  const [first] = ballots;
  const reason = first && (await reasonOf(ballots));
  if (!first || reason === undefined) return new Map();
  if (ballots.length === 1) return new Map([[first, reason]]);
  const middle = Math.ceil(ballots.length / 2);
  const found = await search(ballots.slice(0, middle), reasonOf);
  return new Map([...found, ...(await search(ballots.slice(middle), reasonOf))]);
}

/** Those that are refused again, for the same reason. */
async function confirmed(
  suspects: ReadonlyMap<Ballot, string>,
  reasonOf: ReasonOf,
): Promise<ReadonlyMap<Ballot, string>> {
  const refused = new Map<Ballot, string>();
  if (suspects.size > 0) await sleep(confirmAfterMs);
  for (const [ballot, reason] of suspects) {
    if ((await reasonOf([ballot])) === reason) refused.set(ballot, reason);
  }
  return refused;
}

/** The error text with which MySQL refuses the work with these ballots alone, or `undefined`. Always rolled back. */
async function trial(
  store: Store,
  work: FlushWork,
  ballots: readonly Ballot[],
  nowMs: number,
): Promise<string | undefined> {
  const slots = work.slots.map(each => ({ ...each, batch: { ...each.batch, ballots } }));
  const attempt = () => tryWork(store, { ...work, slots, deadLetters: [] }, nowMs);
  try {
    if (await retry(attempt, contentionRetry)) return undefined;
  } catch (error) {
    if (!isStoreFailure(error, "invalid")) throw error;
    return error.message;
  }
  throw new TakenOver();
}
