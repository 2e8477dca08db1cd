import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { OptionNumber } from "./ids.ts";
import { computeRunoff } from "./runoff.ts";

const options = [1, 2, 3, 4] as OptionNumber[];
const ranking = (ballots: number, ...choices: number[]) => ({
  choices: Uint8Array.from(choices),
  ballots,
});

describe("instant-runoff", () => {
  it("instant-runoff transfers the votes of eliminated options, round by round", () => {
    // The textbook's Tennessee: 42 Memphis, 26 Nashville, 15 Chattanooga, 17 Knoxville.
    const { rounds, winner } = computeRunoff(options, [
      ranking(42, 1, 2, 3, 4),
      ranking(26, 2, 3, 4, 1),
      ranking(15, 3, 4, 2, 1),
      ranking(17, 4, 3, 2, 1),
    ]);
    assert.equal(winner, "4");
    assert.deepEqual(
      rounds.map(({ votes, out }) => [votes, out]),
      [
        [{ 1: 42, 2: 26, 3: 15, 4: 17 }, "3"],
        [{ 1: 42, 2: 26, 4: 32 }, "2"],
        [{ 1: 42, 4: 58 }, null],
      ],
    );
  });

  it("instant-runoff counts ballots that rank no remaining option as exhausted", () => {
    const { rounds, winner } = computeRunoff(options, [
      ranking(4, 1),
      ranking(4, 2),
      ranking(3, 3),
      ranking(1, 3, 2),
    ]);
    assert.equal(rounds[0]?.exhausted, 0);
    assert.deepEqual(
      rounds.map(({ out }) => out),
      ["4", "3", null],
    );
    assert.equal(winner, "2");
    assert.ok((rounds.at(-1)?.exhausted ?? 0) >= 3);
  });

  it("instant-runoff has no winner without ballots", () => {
    assert.deepEqual(computeRunoff(options, []), { rounds: [], winner: null });
  });

  it("instant-runoff accounts for every ballot in every round, and eliminates one option at a time", () => {
    const rankings = fc.array(
      fc.record({
        choices: fc
          .shuffledSubarray([1, 2, 3, 4], { minLength: 1 })
          .map(choices => Uint8Array.from(choices)),
        ballots: fc.integer({ min: 1, max: 1_000 }),
      }),
      { minLength: 1, maxLength: 30 },
    );
    fc.assert(
      fc.property(rankings, given => {
        const { rounds, winner } = computeRunoff(options, given);
        const total = given.reduce((sum, { ballots }) => sum + ballots, 0);
        for (const [index, { votes, exhausted, out }] of rounds.entries()) {
          const counted = Object.values(votes).reduce((sum, count) => sum + count, 0);
          assert.equal(counted + exhausted, total);
          assert.equal(Object.keys(votes).length, options.length - index);
          assert.equal(out === null, index === rounds.length - 1);
        }
        const last = rounds.at(-1)?.votes ?? {};
        const counted = Object.values(last).reduce((sum, count) => sum + count, 0);
        assert.ok((last[winner ?? ""] ?? 0) * 2 > counted);
      }),
    );
  });
});
