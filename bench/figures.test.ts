import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { median, Rounds, ratioToFloor } from "./figures.ts";

/** Rounds that measure the given loads by others in turn, and what they said. */
function quietly() {
  const said: string[] = [];
  const rounds = new Rounds(line => said.push(line));
  const attempts = (...others: number[]) => {
    const left = others.map((cores, at) => ({ others: cores, value: at + 1 }));
    return async () => left.shift() ?? { others: 0, value: 0 };
  };
  return { said, rounds, attempts };
}

describe("figures", () => {
  it("the median of an even number of rounds lies between the two in the middle", () => {
    assert.equal(median([4, 1, 3, 2]), 2.5);
  });

  it("a ratio is the median of the rounds' own ratios", () => {
    // The machine was twice as slow in the second round.
    assert.equal(ratioToFloor([60, 120, 66], [20, 40, 20]), 3);
  });

  it("a figure with other rounds than its floor is compared by medians", () => {
    assert.equal(ratioToFloor([60, 61, 62], [20]), 3.05);
  });

  it("an undisturbed round is measured once", async () => {
    const { rounds, attempts, said } = quietly();
    const kept = await rounds.measure("votes", attempts(0.02), () => "9,000/s");
    assert.equal(kept.value, 1);
    assert.deepEqual(said, ["votes: 9,000/s; others 0.02 cores"]);
  });

  it("a disturbed round is repeated, and only the undisturbed attempt counts", async () => {
    const { rounds, attempts, said } = quietly();
    const kept = await rounds.measure("votes", attempts(0.5, 0.1), () => "9,000/s");
    rounds.add("votes", kept.value, kept);
    assert.deepEqual(rounds.figure("votes", "/s").rounds, [2]);
    assert.equal(rounds.figure("votes", "/s").disturbed, 0);
    assert.match(said[0] ?? "", /others 0\.50 cores, repeated$/);
    assert.deepEqual(
      rounds.attempts.map(({ disturbed, kept }) => [disturbed, kept]),
      [
        [true, false],
        [false, true],
      ],
    );
  });

  it("a round that stays disturbed keeps its least disturbed attempt and is marked", async () => {
    const { rounds, attempts, said } = quietly();
    const kept = await rounds.measure("votes", attempts(0.5, 0.3, 0.9), () => "9,000/s");
    rounds.add("votes", kept.value, kept);
    assert.deepEqual(rounds.figure("votes", "/s").rounds, [2]);
    assert.equal(rounds.figure("votes", "/s").disturbed, 1);
    assert.match(said[2] ?? "", /others 0\.90 cores, disturbed$/);
  });

  it("a ratio above its greatest misses the target", () => {
    const { rounds } = quietly();
    rounds.add("CPU a vote", 34);
    rounds.add("bare", 20);
    const figure = rounds.figure("CPU a vote", "µs", { floor: "bare", atMostTimes: 1.6 });
    assert.deepEqual(figure.target, { text: "≤ 1.6 × bare", met: false });
    assert.equal(figure.against?.ratio, 1.7);
  });

  it("a figure without rounds misses its target", () => {
    const { rounds } = quietly();
    const figure = rounds.figure("votes", "/s", { floor: "bare", atLeast: 0.65 });
    assert.equal(figure.target?.met, false);
  });
});
