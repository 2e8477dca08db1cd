/**
 * Which ballots a worker believes to be on their way: those that were accepted and have not arrived, unless they are
 * lost.
 */
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { CountGatherer } from "#lib/books/gather-counts.ts";
import { Placement } from "#lib/memcached/placement.ts";
import type { PollId } from "#lib/model/ids.ts";
import { addArrived, missingAcceptances, raiseAccepted } from "#lib/store/acceptances.ts";
import { finalizePoll } from "#lib/store/poll-changes.ts";
import { setLost } from "#lib/store/totals.ts";
import { startFlushBench } from "#test/support/flush-bench.ts";

const { store, client, newPoll } = await startFlushBench();
const [one, other] = [Buffer.from("8 bytes!"), Buffer.from("8 others")];

/** A poll with five accepted ballots of each of two fronts; so many have arrived. */
async function pollWith(arrived: number, late = 5): Promise<PollId> {
  const pollId = await newPoll();
  const counts = [one, other].map(producer => ({ pollId, producer, ballots: 5 }));
  await raiseAccepted(store, counts);
  await addArrived(store, [
    { pollId, producer: one, ballots: arrived },
    { pollId, producer: other, ballots: late },
  ]);
  return pollId;
}

async function gathered(): Promise<ReadonlySet<PollId>> {
  const books = new CountGatherer(store, new Placement([client], 1));
  await books.gather();
  return books.polls;
}

describe("the polls whose books a worker that has just started knows to be open", () => {
  beforeEach(async () => {
    await store.write("test.empty", "DELETE FROM acceptances");
  });

  it("a final poll is not one of them when its books say that the missing ballots are lost", async () => {
    const [open, final] = [await pollWith(3), await pollWith(3)];
    for (const poll of [open, final]) await setLost(store, poll, 2);
    await finalizePoll(store, final, Date.now());
    assert.deepEqual([...(await gathered())], [open]);
  });

  it("a final poll is one of them when a front reports ballots that its books do not know", async () => {
    const final = await pollWith(3);
    await setLost(store, final, 2);
    await finalizePoll(store, final, Date.now());
    await raiseAccepted(store, [{ pollId: final, producer: other, ballots: 6 }]);
    assert.deepEqual([...(await gathered())], [final]);
  });

  it("a final poll is one of them when ballots arrive that its books say are lost", async () => {
    const final = await pollWith(3, 4);
    await setLost(store, final, 3);
    await finalizePoll(store, final, Date.now());
    await addArrived(store, [{ pollId: final, producer: one, ballots: 2 }]);
    assert.deepEqual([...(await gathered())], [final]);
  });

  it("polls are read in portions, the newest first, and none is left out", async () => {
    const polls: PollId[] = [];
    while (polls.length < 5) polls.push(await pollWith(3));
    const found: PollId[] = [];
    let before: PollId | undefined;
    do {
      const portion = await missingAcceptances(store, before, 2);
      assert.ok(portion.missing.length <= 2);
      found.push(...portion.missing.map(({ pollId }) => pollId));
      ({ before } = portion);
    } while (before !== undefined);
    assert.deepEqual(
      found.toSorted((a, b) => a - b),
      polls,
    );
    assert.ok(found.indexOf(polls[4] as PollId) < found.indexOf(polls[0] as PollId));
  });
});
