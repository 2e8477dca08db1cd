/** Makes the marks of a round's first ballots: the moment at which a voter's second ballot is recognised. */
import type { MemcachedClient } from "../memcached/client.ts";
import { orWhenMemcachedFails } from "../memcached/failure.ts";
import type { Placement } from "../memcached/placement.ts";
import { pollKeyOf } from "../model/poll-key.ts";
import { addMarks, listIn, type MarkedBallot, readMarkOn, takeBackOn } from "./marks.ts";

/**
 * Makes the marks of many ballots, one write for each server. Resolves with the indexes of the ballots whose voters had a
 * mark already.
 *
 * While the list of servers changes, a voter has two servers: the mark is made on the old list's, and then on the new
 * one's; either can refuse it. So of two ballots at processes that are one step apart, one passes.
 */
export async function placeMarks(
  placement: Placement,
  ballots: readonly MarkedBallot[],
): Promise<ReadonlySet<number>> {
  const further: Further[] = [];
  const first = new Map<MemcachedClient, Offered[]>();
  for (const [index, ballot] of ballots.entries()) {
    const [server, other] = placement.ofVoter(ballot.voter);
    listIn(first, server).push({ index, ballot });
    if (other) further.push({ index, ballot, first: server, other });
  }
  const refused = new Set((await addMarks(first)).map(({ index }) => index));
  if (further.length === 0) return refused;
  const passed = further.filter(({ index }) => !refused.has(index));
  for (const { index } of await placeFurther(passed)) refused.add(index);
  return refused;
}

/** A ballot with its index among those that were given. */
interface Offered {
  readonly index: number;
  readonly ballot: MarkedBallot;
}

/** A ballot whose mark was made on one of its two servers. */
interface Further extends Offered {
  readonly first: MemcachedClient;
  readonly other: MemcachedClient;
}

/** Makes the second marks. Where another ballot has it, the first mark is taken back. Resolves with the refused ones. */
async function placeFurther(all: readonly Further[]): Promise<readonly Further[]> {
  const byOther = new Map<MemcachedClient, Further[]>();
  for (const each of all) listIn(byOther, each.other).push(each);
  const refused = await addMarks(byOther);
  await Promise.all(
    refused.map(async ({ ballot, first, other }) => {
      const there = await readMarkOn(other, pollKeyOf(ballot), ballot.voter);
      // A retry of the same ballot keeps its mark.
      if (!there || there.ballotId === ballot.ballotId) return;
      const back = takeBackOn(first, [{ ballot, before: undefined }]);
      await orWhenMemcachedFails(back, () => undefined);
    }),
  );
  return refused;
}
