/**
 * The books of a poll: the accepted ballots against their fates.
 *
 *     accepted = counted + replaced + withdrawn + waiting + duplicate + set aside + lost
 *
 * The left side is the fronts' accepted count (`accepted-count.ts`), which does not pass through the queue; the
 * right side is what flushes found. A ballot that its voter changed is *replaced* by the change, which is counted,
 * or is *withdrawn*. The very same ballot sent or delivered again is on neither side (`repeated` counts those), or
 * on both if it has been replaced meanwhile. A ballot that has not arrived is *waiting* while it still can, and
 * *lost* when the worker found all queues quiescent long after it was accepted (`closeBooks`).
 */
import type { PollId } from "../model/ids.ts";
import { sumAcceptances } from "../store/acceptances.ts";
import type { Database, Store } from "../store/database.ts";
import { allPollIds } from "../store/polls.ts";
import { noOutcomes, type Outcomes, readOutcomes, setLost } from "../store/totals.ts";

export interface Books {
  readonly accepted: number;
  readonly counted: number;
  readonly replaced: number;
  readonly withdrawn: number;
  readonly waiting: number;
  readonly duplicate: number;
  readonly setAside: number;
  readonly lost: number;
  readonly repeated: number;
  /** False when the fates do not add up to the ballots that arrived, which is a bug and raises an alarm. */
  readonly balanced: boolean;
}

/** Books of the given polls, all of one moment. Two queries in one snapshot; none without polls. */
export async function readBooks(
  store: Store,
  ids: readonly PollId[],
): Promise<ReadonlyMap<PollId, Books>> {
  if (ids.length === 0) return new Map();
  return store.transaction(db => booksIn(db, ids), true);
}

/** The same within a transaction, which should be a snapshot. Two queries. */
export async function booksIn(
  db: Database,
  ids: readonly PollId[],
): Promise<ReadonlyMap<PollId, Books>> {
  const acceptances = await sumAcceptances(db, ids);
  const outcomes = await readOutcomes(db, ids);
  return new Map(
    ids.map(id => [id, balance(acceptances.get(id), outcomes.get(id) ?? noOutcomes)] as const),
  );
}

/** Both sides of one poll's books. */
export function balance(
  acceptances: { readonly accepted: number; readonly arrived: number } | undefined,
  outcomes: Outcomes,
): Books {
  const { accepted = 0, arrived = 0 } = acceptances ?? {};
  const { counted, replaced, withdrawn, duplicates, repeated, setAside } = outcomes;
  const missing = Math.max(0, accepted - arrived);
  const lost = Math.min(outcomes.lost, missing);
  return {
    accepted: accepted - repeated,
    counted,
    replaced,
    withdrawn,
    waiting: missing - lost,
    duplicate: duplicates,
    setAside,
    lost,
    repeated,
    balanced: arrived === counted + replaced + withdrawn + duplicates + repeated + setAside,
  };
}

/** The sum of the books of several polls. */
function sumBooks(all: Iterable<Books>): Books {
  const sum = {
    accepted: 0,
    counted: 0,
    replaced: 0,
    withdrawn: 0,
    waiting: 0,
    duplicate: 0,
    setAside: 0,
    lost: 0,
    repeated: 0,
    balanced: true,
  };
  for (const books of all) {
    sum.accepted += books.accepted;
    sum.counted += books.counted;
    sum.replaced += books.replaced;
    sum.withdrawn += books.withdrawn;
    sum.waiting += books.waiting;
    sum.duplicate += books.duplicate;
    sum.setAside += books.setAside;
    sum.lost += books.lost;
    sum.repeated += books.repeated;
    sum.balanced &&= books.balanced;
  }
  return sum;
}

/**
 * Decides which ballots are lost: those that were accepted `before` and have not arrived now, with all queues
 * quiescent. A ballot that arrives later is taken off the loss again. Resolves with the books whose loss has
 * changed.
 *
 * @param before - the accepted counts of some time ago.
 * @throws StoreFailure.
 */
export async function closeBooks(
  store: Store,
  before: ReadonlyMap<PollId, number>,
): Promise<ReadonlyMap<PollId, Books>> {
  const changed = new Map<PollId, Books>();
  const ids = [...before.keys()];
  const acceptances = await sumAcceptances(store, ids);
  const outcomes = await readOutcomes(store, ids);
  for (const [id, accepted] of before) {
    const known = outcomes.get(id);
    const lost = Math.max(0, accepted - (acceptances.get(id)?.arrived ?? 0));
    if (!known || known.lost === lost) continue;
    await setLost(store, id, lost);
    changed.set(id, balance(acceptances.get(id), { ...known, lost }));
  }
  return changed;
}

/** The accepted counts of these polls, as far as they are in MySQL: for a later `closeBooks`. */
export async function acceptedSoFar(
  store: Store,
  ids: readonly PollId[],
): Promise<ReadonlyMap<PollId, number>> {
  const sums = await sumAcceptances(store, ids);
  return new Map([...sums].map(([id, { accepted }]) => [id, accepted]));
}

/** The books of all polls together, of one moment. */
export function readAllBooks(store: Store): Promise<Books> {
  return store.transaction(allBooksIn, true);
}

/** The same within a transaction, which should be a snapshot. Three queries. */
export async function allBooksIn(db: Database): Promise<Books> {
  const ids = await allPollIds(db);
  return sumBooks(ids.length === 0 ? [] : (await booksIn(db, ids)).values());
}
