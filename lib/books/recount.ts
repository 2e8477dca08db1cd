/**
 * Counting a poll's rows again, one by one, and comparing with the totals that flushes keep.
 *
 * The first look takes no lock. Only when it finds a difference are the rows counted once more with the
 * poll held, so that no flush is in between: then the difference is real, and can be mended.
 */
import type { OptionNumber, PollId } from "../ids.ts";
import { countRows } from "../store/ballots.ts";
import { lockPoll, type Poll } from "../store/polls.ts";
import type { Database, Store } from "../store/pool.ts";
import { readTotals, replaceTotals, type Totals } from "../store/totals.ts";

/** One number that differs. `b`: the ballots. */
export interface Drift {
  readonly pollId: PollId;
  readonly part: OptionNumber | "b";
  readonly rows: number;
  readonly totals: number;
}

/**
 * Where a poll's totals differ from its rows: nowhere, if all is well.
 *
 * @param repair - make the totals what the rows say.
 * @throws StoreFailure.
 */
export async function recountPoll(
  store: Store,
  { id, slug }: Pick<Poll, "id" | "slug">,
  repair: boolean,
): Promise<Drift[]> {
  const suspected = await store.transaction(db => compare(db, id), true);
  if (suspected.drifts.length === 0) return [];
  return store.transaction(async db => {
    await lockPoll(db, slug);
    const { drifts, rows } = await compare(db, id);
    if (repair && drifts.length > 0) await replaceTotals(db, id, rows);
    return drifts;
  });
}

async function compare(db: Database, pollId: PollId): Promise<{ drifts: Drift[]; rows: Totals }> {
  const rows = await countRows(db, pollId);
  const totals = (await readTotals(db, [pollId])).get(pollId);
  const parts = new Set([...rows.votes.keys(), ...(totals?.votes.keys() ?? [])]);
  const pairs: [Drift["part"], number, number][] = [
    ["b", rows.ballots, totals?.ballots ?? 0],
    ...[...parts].map((option): [OptionNumber, number, number] => [
      option,
      rows.votes.get(option) ?? 0,
      totals?.votes.get(option) ?? 0,
    ]),
  ];
  const drifts = pairs
    .filter(([, inRows, inTotals]) => inRows !== inTotals)
    .map(([part, inRows, inTotals]) => ({ pollId, part, rows: inRows, totals: inTotals }));
  return { drifts, rows };
}
