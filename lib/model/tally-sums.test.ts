import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { PollId } from "./ids.ts";
import type { PollKind } from "./poll-rules.ts";
import { SumsByPoll } from "./tally-sums.ts";

const ballot = (pollId: number, choices: number[], kind: PollKind = "choice") => ({
  pollId: pollId as PollId,
  kind,
  choices: Uint8Array.from(choices),
});

/** Ballots and votes of one poll as plain values. */
function sumsOf(sums: SumsByPoll<PollId>, pollId = 1) {
  const change = sums.byPoll.get(pollId as PollId);
  return change && { ballots: change.ballots, votes: Object.fromEntries(change.votes) };
}

describe("SumsByPoll", () => {
  it("SumsByPoll adds up ballots and votes for each poll alone", () => {
    const sums = new SumsByPoll(({ pollId }) => pollId);
    sums.add(ballot(1, [2, 3]), 1);
    sums.add(ballot(1, [2]), 1);
    sums.add(ballot(9, [2]), 1);
    assert.deepEqual(sumsOf(sums, 1), { ballots: 2, votes: { 2: 2, 3: 1 } });
    assert.deepEqual(sumsOf(sums, 9), { ballots: 1, votes: { 2: 1 } });
  });

  it("SumsByPoll counts no ballot for a withdrawal", () => {
    const sums = new SumsByPoll(({ pollId }) => pollId);
    sums.add(ballot(1, []), 1);
    assert.deepEqual(sumsOf(sums), { ballots: 0, votes: {} });
  });

  it("SumsByPoll ignores a ballot that did not move the tallies", () => {
    const sums = new SumsByPoll(({ pollId }) => pollId);
    sums.addMoved({ ...ballot(1, [2]), tallied: false });
    assert.equal(sumsOf(sums), undefined);
  });

  it("SumsByPoll takes off what a change replaced", () => {
    const sums = new SumsByPoll(({ pollId }) => pollId);
    sums.addMoved({ ...ballot(1, [2]), tallied: true, replaced: Uint8Array.of(3) });
    assert.deepEqual(sumsOf(sums), { ballots: 0, votes: { 2: 1, 3: -1 } });
  });

  it("SumsByPoll adds a ballot for a vote after a withdrawal", () => {
    const sums = new SumsByPoll(({ pollId }) => pollId);
    sums.addMoved({ ...ballot(1, [2]), tallied: true, replaced: new Uint8Array() });
    assert.deepEqual(sumsOf(sums), { ballots: 1, votes: { 2: 1 } });
  });

  it("SumsByPoll returns to zero when every ballot is taken off again, whatever its kind and order", () => {
    const options = fc.uniqueArray(fc.integer({ min: 1, max: 50 }), { maxLength: 5 });
    const moved = fc.record({
      kind: fc.constantFrom<PollKind>("choice", "ranked"),
      choices: options,
      replaced: options,
      tallied: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(moved, { maxLength: 20 }), ballots => {
        const sums = new SumsByPoll(({ pollId }) => pollId);
        const all = ballots.map(({ kind, choices, replaced, tallied }) => ({
          ...ballot(1, choices, kind),
          replaced: Uint8Array.from(replaced),
          tallied,
        }));
        for (const each of all) sums.addMoved(each, 1);
        for (const each of all.reverse()) sums.addMoved(each, -1);
        const { ballots: count = 0, votes = {} } = sumsOf(sums) ?? {};
        assert.equal(count, 0);
        assert.ok(Object.values(votes).every(value => value === 0));
      }),
    );
  });
});
