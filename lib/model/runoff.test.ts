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

/** Ballots, with up to `ballotsMax` for each ranking. */
const rankingsOf = (ballotsMax: number) =>
  fc.array(
    fc.record({
      choices: fc
        .shuffledSubarray([1, 2, 3, 4], { minLength: 1 })
        .map(choices => Uint8Array.from(choices)),
      ballots: fc.integer({ min: 1, max: ballotsMax }),
    }),
    { minLength: 1, maxLength: 12 },
  );

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
    assert.equal(rounds.at(-1)?.exhausted, 3);
  });

  it("instant-runoff has no winner without ballots", () => {
    assert.deepEqual(computeRunoff(options, []), { rounds: [], winner: null });
  });

  it("instant-runoff accounts for every ballot in every round", () => {
    fc.assert(
      fc.property(rankingsOf(1_000), given => {
        const { rounds, winner, tied } = computeRunoff(options, given);
        const total = given.reduce((sum, { ballots }) => sum + ballots, 0);
        for (const [index, { votes, exhausted, out, outTogether }] of rounds.entries()) {
          const counted = Object.values(votes).reduce((sum, count) => sum + count, 0);
          assert.equal(counted + exhausted, total);
          assert.equal(out === null, index === rounds.length - 1);
          const gone = outTogether ?? (out === null ? [] : [out]);
          const next = Object.keys(votes).filter(id => !gone.includes(id));
          if (out !== null) assert.deepEqual(Object.keys(rounds[index + 1]?.votes ?? {}), next);
        }
        assert.equal(winner === null, tied !== undefined);
        const last = rounds.at(-1)?.votes ?? {};
        const counted = Object.values(last).reduce((sum, count) => sum + count, 0);
        if (winner !== null) assert.ok((last[winner] ?? 0) * 2 > counted);
        else assert.ok((tied?.length ?? 0) > 1 && tied?.every(id => id in last));
      }),
    );
  });
});

describe("ties of an instant-runoff", () => {
  it("five A>B and five B>A are a tie between both, and nobody wins", () => {
    const { rounds, winner, tied } = computeRunoff(options.slice(0, 2), [
      ranking(5, 1, 2),
      ranking(5, 2, 1),
    ]);
    assert.deepEqual([winner, tied], [null, ["1", "2"]]);
    const tie = { between: ["1", "2"], decidedBy: null };
    assert.deepEqual(rounds, [{ votes: { 1: 5, 2: 5 }, exhausted: 0, out: null, tie }]);
  });

  it("a tie in the last round is decided by an earlier round, and the round says so", () => {
    const { rounds, winner } = computeRunoff(options.slice(0, 3), [
      ranking(5, 1),
      ranking(4, 2),
      ranking(1, 3, 2),
    ]);
    assert.equal(winner, "1");
    assert.deepEqual(rounds[1]?.tie, { between: ["1", "2"], decidedBy: "earlier_round" });
  });

  it("a tie in the first round is decided by points, and the round says so", () => {
    const { rounds } = computeRunoff(options.slice(0, 3), [
      ranking(4, 1, 2),
      ranking(3, 2),
      ranking(3, 3),
    ]);
    assert.deepEqual(rounds[0]?.tie, { between: ["2", "3"], decidedBy: "points" });
    assert.equal(rounds[0]?.out, "3");
  });

  it("options that nobody ranked are eliminated together, and their tie has no effect", () => {
    const { rounds, winner } = computeRunoff(options, [ranking(2, 1), ranking(1, 2)]);
    assert.equal(winner, "1");
    const { rounds: more } = computeRunoff(options, [ranking(2, 1, 2), ranking(2, 2), ranking(1)]);
    assert.equal(rounds.length, 1);
    assert.deepEqual(more[0]?.outTogether, ["3", "4"]);
    assert.equal(more[0]?.tie?.decidedBy, "no_effect");
  });

  it("a tie for the last place that decides who wins ends the count in a tie", () => {
    const { rounds, winner, tied } = computeRunoff(options.slice(0, 3), [
      ranking(10, 1),
      ranking(6, 2, 3),
      ranking(6, 3, 2),
    ]);
    assert.deepEqual([winner, tied, rounds.length], [null, ["2", "3"], 1]);
  });

  it("a tie for the last place that does not decide who wins has a winner", () => {
    const { rounds, winner } = computeRunoff(options.slice(0, 3), [
      ranking(11, 1),
      ranking(6, 2, 1),
      ranking(6, 3, 1),
    ]);
    assert.equal(winner, "1");
    assert.equal(rounds[0]?.tie?.decidedBy, "no_effect");
  });

  it("the order of the options on the page decides nothing", () => {
    fc.assert(
      fc.property(rankingsOf(3), fc.shuffledSubarray(options, { minLength: 4 }), (given, page) => {
        const first = computeRunoff(options, given);
        const other = computeRunoff(page, given);
        assert.equal(other.winner, first.winner);
        assert.deepEqual([...(other.tied ?? [])].sort(), [...(first.tied ?? [])]);
      }),
      { numRuns: 2_000 },
    );
  });

  it("a count with more ties than can be tried ends in a tie of all that remain", () => {
    const many = Array.from({ length: 40 }, (_, index) => index + 1) as OptionNumber[];
    const chain = many.slice(1).map(option => ranking(1, option, (option % 39) + 2));
    const { winner, tied } = computeRunoff(many, [ranking(2, 1), ...chain]);
    assert.deepEqual([winner, tied?.length], [null, 40]);
  });

  it("the rule of release 0.2.0 eliminates the option that is lower on the page, and says so", () => {
    const given = [ranking(5, 1, 2), ranking(5, 2, 1)];
    const { rounds, winner } = computeRunoff(options.slice(0, 2), given, true);
    assert.equal(winner, "1");
    assert.deepEqual(rounds[0]?.tie, { between: ["1", "2"], decidedBy: "page_order" });
  });
});
