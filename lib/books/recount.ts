/**
 * Counts a poll's rows again, and compares the result with the totals that flushes keep.
 *
 * The first count takes no lock. Only when it finds a difference are the rows counted again under the poll's lock,
 * with no flush in between: a difference is real then, and can be corrected.
 */
import type { PollId, TallyPart } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import { countsOf } from "../model/tally-parts.ts";
import { countChoices } from "../store/ballots.ts";
import type { Database, Store } from "../store/database.ts";
import { lockPoll } from "../store/polls.ts";
import { readTotals, replaceTotals, type Totals } from "../store/totals.ts";

/** One number that differs. `b`: the ballots. */
export interface Drift {
  readonly pollId: PollId;
  readonly part: TallyPart | "b";
  readonly rows: number;
  readonly totals: number;
}

/**
 * Where a poll's totals differ from its rows; empty when they agree.
 *
 * @param repair - set the totals to the count of the rows.
 * @throws StoreFailure.
 */
export async function recountPoll(
  store: Store,
  poll: Pick<Poll, "id" | "slug" | "kind">,
  repair: boolean,
): Promise<Drift[]> {
  const suspected = await store.transaction(db => compare(db, poll), true);
  if (suspected.drifts.length === 0) return [];
  return store.transaction(async db => {
    await lockPoll(db, poll.slug);
    const { drifts, rows } = await compare(db, poll);
    if (repair && drifts.length > 0) await replaceTotals(db, poll.id, rows);
    return drifts;
  });
}

type PollToRecount = Pick<Poll, "id" | "kind">;

async function countRows(db: Database, { id, kind }: PollToRecount): Promise<Totals> {
  const votes = new Map<TallyPart, number>();
  let ballots = 0;
  for (const combination of await countChoices(db, id)) {
    ballots += combination.ballots;
    for (const [part, by] of countsOf(kind, combination.choices)) {
      votes.set(part, (votes.get(part) ?? 0) + by * combination.ballots);
    }
  }
  return { ballots, votes };
}

async function compare(
  db: Database,
  poll: PollToRecount,
): Promise<{ drifts: Drift[]; rows: Totals }> {
  const rows = await countRows(db, poll);
  const pollId = poll.id;
  const totals = (await readTotals(db, [pollId])).get(pollId);
  const parts = new Set([...rows.votes.keys(), ...(totals?.votes.keys() ?? [])]);
  const pairs: [Drift["part"], number, number][] = [
    ["b", rows.ballots, totals?.ballots ?? 0],
    ...[...parts].map((part): [TallyPart, number, number] => [
      part,
      rows.votes.get(part) ?? 0,
      totals?.votes.get(part) ?? 0,
    ]),
  ];
  const drifts = pairs
    .filter(([, inRows, inTotals]) => inRows !== inTotals)
    .map(([part, inRows, inTotals]) => ({ pollId, part, rows: inRows, totals: inTotals }));
  return { drifts, rows };
}
