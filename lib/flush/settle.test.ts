import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Ballot, Batch } from "../model/ballot.ts";
import type { BatchId, Epoch, PollId } from "../model/ids.ts";
import { acceptancesOf, pollsOf, type SlotBatch, withoutKnown } from "./settle.ts";

/** A batch of ballots of these polls, whose id is a byte repeated: the front's run, and the batch's own. */
function batch(run: number, own: number, polls: readonly number[]): Batch {
  const id = Buffer.concat([Buffer.alloc(8, run), Buffer.alloc(4, own)]) as BatchId;
  const ballots = polls.map(pollId => ({ pollId }) as Ballot);
  return { id, ballots, talliesDoubtful: false };
}

describe("withoutKnown", () => {
  const [ours, other] = ["ours" as Epoch, "other" as Epoch];
  const at = (slot: number, own: number): SlotBatch => ({ slot, batch: batch(1, own, [5]) });
  const known = (each: SlotBatch, epoch: Epoch, slot: number) =>
    new Map([[each.batch.id.toString("hex"), { epoch, slot }]]);

  it("withoutKnown keeps batches that MySQL does not have", () => {
    const batches = [at(1, 1), at(2, 2)];
    assert.deepEqual(withoutKnown(batches, ours, new Map()), { fresh: batches, repeated: [] });
  });

  it("withoutKnown calls a batch repeated when MySQL has it from another epoch or slot", () => {
    const one = at(3, 1);
    for (const before of [known(one, other, 3), known(one, ours, 2)]) {
      assert.deepEqual(withoutKnown([one], ours, before), { fresh: [], repeated: [one] });
    }
  });

  it("withoutKnown calls the second of two equal batches repeated", () => {
    const [first, second] = [at(1, 1), at(2, 1)];
    const { fresh, repeated } = withoutKnown([first, second], ours, new Map());
    assert.deepEqual([fresh, repeated], [[first], [second]]);
  });

  it("withoutKnown leaves out a batch that MySQL has from the very same slot", () => {
    const one = at(3, 1);
    const { fresh, repeated } = withoutKnown([one], ours, known(one, ours, 3));
    assert.deepEqual([fresh, repeated], [[], []]);
  });
});

describe("pollsOf", () => {
  it("pollsOf gives each poll once", () => {
    const polls = pollsOf([batch(1, 1, [5, 6]), batch(1, 2, [6, 7]), batch(1, 3, [])]);
    assert.deepEqual([...polls], [5, 6, 7]);
  });
});

describe("acceptancesOf", () => {
  const numbers = (batches: readonly Batch[], unbooked?: ReadonlySet<Ballot>) =>
    acceptancesOf(batches, unbooked).map(({ pollId, producer, ballots }) => [
      pollId,
      producer[0],
      ballots,
    ]);

  it("acceptancesOf counts ballots by poll and by the run of the front", () => {
    const batches = [batch(1, 1, [5, 5, 6]), batch(1, 2, [5]), batch(2, 1, [5])];
    assert.deepEqual(numbers(batches), [
      [5, 1, 3],
      [6, 1, 1],
      [5, 2, 1],
    ]);
  });

  it("acceptancesOf leaves out ballots that do not enter the books", () => {
    const one = batch(1, 1, [5, 5, 6]);
    const [, second, third] = one.ballots as [Ballot, Ballot, Ballot];
    assert.deepEqual(numbers([one], new Set([second, third])), [[5 as PollId, 1, 1]]);
  });
});
