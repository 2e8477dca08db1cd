import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type OptionNumber, optionNumberMax, type TallyPart } from "./ids.ts";
import type { PollKind } from "./poll-rules.ts";
import {
  bordaPoints,
  countsOf,
  describePart,
  gradeCounts,
  gradesOf,
  partOf,
  partsOf,
  splitPart,
  votesOf,
} from "./tally-parts.ts";

const option = (number: number) => number as OptionNumber;
const anyOption = fc.integer({ min: 1, max: optionNumberMax }).map(option);

/** Votes of ballots, by part. */
function tallyOf(kind: PollKind, ballots: readonly (readonly number[])[]) {
  const votes = new Map<TallyPart, number>();
  for (const choices of ballots) {
    for (const [part, by] of countsOf(kind, Uint8Array.from(choices))) {
      votes.set(part, (votes.get(part) ?? 0) + by);
    }
  }
  return votes;
}

describe("partOf", () => {
  it("partOf gives each option and measure a part that splitPart takes apart again", () => {
    fc.assert(
      fc.property(anyOption, fc.integer({ min: 0, max: 5 }), (number, measure) => {
        assert.deepEqual(splitPart(partOf(number, measure)), { option: number, measure });
      }),
    );
  });

  it("partOf gives votes of an option the option's own number", () => {
    assert.equal(partOf(option(50), 0), 50);
  });
});

describe("partsOf", () => {
  const options = [1, 2].map(number => ({ number: option(number) }));
  for (const [kind, count] of [
    ["choice", 1],
    ["ranked", 3],
    ["rating", 5],
  ] as const) {
    it(`partsOf lists ${count} distinct part(s) an option for a ${kind} poll`, () => {
      const parts = partsOf({ kind, options });
      assert.equal(new Set(parts).size, 2 * count);
    });

    it(`partsOf lists every part that a ${kind} ballot can move`, () => {
      const parts = new Set(partsOf({ kind, options }));
      const choices = kind === "rating" ? [1, 1, 2, 5] : [2, 1];
      for (const [part] of countsOf(kind, Uint8Array.from(choices))) assert.ok(parts.has(part));
    });
  }
});

describe("countsOf", () => {
  it("countsOf counts one vote for each option of a choice ballot", () => {
    assert.deepEqual(
      [...tallyOf("choice", [[4], [4, 7]])],
      [
        [4, 2],
        [7, 1],
      ],
    );
  });

  it("countsOf counts nothing for a withdrawn ballot of any kind", () => {
    for (const kind of ["choice", "ranked", "rating"] as const) {
      assert.deepEqual(countsOf(kind, new Uint8Array()), [], kind);
    }
  });

  it("countsOf counts first preference, times ranked and sum of ranks of a ranked ballot", () => {
    const votes = tallyOf("ranked", [
      [2, 1],
      [1, 2, 3],
    ]);
    const measuresOf = (number: number) => [0, 1, 2].map(m => votes.get(partOf(option(number), m)));
    assert.deepEqual(measuresOf(1), [1, 2, 3]);
    assert.deepEqual(measuresOf(2), [1, 2, 3]);
    assert.deepEqual(measuresOf(3), [undefined, 1, 3]);
  });

  it("countsOf counts each grade of a rating ballot at its own part", () => {
    const votes = tallyOf("rating", [
      [1, 5],
      [1, 5, 2, 1],
    ]);
    assert.deepEqual(gradeCounts(votes, option(1)), [0, 0, 0, 0, 2]);
    assert.deepEqual(gradeCounts(votes, option(2)), [1, 0, 0, 0, 0]);
  });
});

describe("gradesOf", () => {
  it("gradesOf reads pairs of option and grade", () => {
    assert.deepEqual(gradesOf(Uint8Array.of(3, 5, 9, 1)), [
      [3, 5],
      [9, 1],
    ]);
  });

  it("gradesOf ignores an option without its grade at the end", () => {
    assert.deepEqual(gradesOf(Uint8Array.of(3, 5, 9)), [[3, 5]]);
  });
});

describe("bordaPoints", () => {
  it("bordaPoints gives n-1 points for a first rank, one less for each next, and none for a missing rank", () => {
    const votes = tallyOf("ranked", [[3, 1], [3]]);
    const points = [1, 2, 3].map(number => bordaPoints(votes, option(number), 3));
    assert.deepEqual(points, [1, 0, 4]);
  });

  it("bordaPoints adds up to (n-1) + (n-2) + … for ballots that rank every option", () => {
    const ballots = fc.array(fc.shuffledSubarray([1, 2, 3, 4], { minLength: 4 }), { minLength: 1 });
    fc.assert(
      fc.property(ballots, all => {
        const votes = tallyOf("ranked", all);
        const sum = [1, 2, 3, 4].reduce((s, n) => s + bordaPoints(votes, option(n), 4), 0);
        assert.equal(sum, all.length * 6);
      }),
    );
  });
});

describe("votesOf", () => {
  it("votesOf is 0 for a missing or negative counter, as between the two halves of a change", () => {
    const votes = new Map([[partOf(option(1), 0), -1]]);
    assert.deepEqual([votesOf(votes, option(1)), votesOf(votes, option(2))], [0, 0]);
  });
});

describe("describePart", () => {
  it("describePart names each part of a poll in words", () => {
    const options = [{ number: option(2) }];
    const described = (kind: PollKind) =>
      partsOf({ kind, options }).map(part => describePart(kind, part));
    assert.deepEqual(described("choice"), ["votes of option 2"]);
    assert.deepEqual(described("ranked"), [
      "first preferences of option 2",
      "ballots that rank option 2",
      "sum of the ranks of option 2",
    ]);
    assert.equal(described("rating").at(-1), "ballots that give option 2 the grade 5");
  });
});
