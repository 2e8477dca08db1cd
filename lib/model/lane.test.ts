import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { lanes, pickLane, type WaitingByLane } from "./lane.ts";

const relief = { reliefSize: 100, reliefChance: 30 };
const drawn =
  (...numbers: number[]) =>
  () =>
    numbers.shift() ?? 0.999;

/** Numbers in [0, 1) that are the same in every run. Source: Park and Miller's "minimal standard", 1988. */
function parkMiller(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return (state - 1) / 2_147_483_646;
  };
}

describe("picking a lane", () => {
  it("picking a lane picks high, then normal, then low", () => {
    const pick = (waiting: WaitingByLane) => pickLane(waiting, relief, drawn());
    assert.equal(pick({ high: 1, normal: 9, low: 9 }), "high");
    assert.equal(pick({ high: 0, normal: 1, low: 9 }), "normal");
    assert.equal(pick({ high: 0, normal: 0, low: 1 }), "low");
    assert.equal(pick({ high: 0, normal: 0, low: 0 }), undefined);
  });

  it("picking a lane relieves normal from the relief size on, and only below the chance", () => {
    const pick = (normal: number, number: number) =>
      pickLane({ high: 5, normal, low: 0 }, relief, drawn(number));
    assert.equal(pick(100, 0.299), "normal");
    assert.equal(pick(100, 0.3), "high");
    assert.equal(pick(99, 0), "high");
  });

  it("picking a lane relieves low before normal and high, after normal has drawn", () => {
    assert.equal(pickLane({ high: 0, normal: 500, low: 100 }, relief, drawn(0)), "low");
    assert.equal(pickLane({ high: 1, normal: 0, low: 100 }, relief, drawn(0)), "low");
    assert.equal(pickLane({ high: 1, normal: 100, low: 100 }, relief, drawn(0)), "normal");
    assert.equal(pickLane({ high: 1, normal: 100, low: 100 }, relief, drawn(0.5, 0)), "low");
  });

  it("picking a lane gives no relief with a size of 0", () => {
    const off = { reliefSize: 0, reliefChance: 100 };
    assert.equal(pickLane({ high: 1, normal: 1e6, low: 1e6 }, off, drawn(0, 0)), "high");
  });

  it("picking a lane relieves with the chance that is set", () => {
    const picks = 20_000;
    for (const reliefChance of [0, 10, 30, 75, 100]) {
      const random = parkMiller(7 + reliefChance);
      const counts = { high: 0, normal: 0, low: 0 };
      for (let i = 0; i < picks; i++) {
        const lane = pickLane(
          { high: 9, normal: 200, low: 200 },
          { reliefSize: 100, reliefChance },
          random,
        );
        if (lane) counts[lane] += 1;
      }
      const chance = reliefChance / 100;
      const expected = { normal: chance, low: (1 - chance) * chance, high: (1 - chance) ** 2 };
      for (const lane of lanes) {
        const p = expected[lane];
        // Six standard deviations: once in a thousand million runs, if the seed were not fixed.
        const tolerance = 6 * Math.sqrt((p * (1 - p)) / picks) + 1e-9;
        const share = counts[lane] / picks;
        assert.ok(Math.abs(share - p) <= tolerance, `${reliefChance} %: ${lane} got ${share}`);
      }
    }
  });

  it("picking a lane never picks an empty lane, and picks one while anything waits", () => {
    const count = fc.integer({ min: 0, max: 300 });
    fc.assert(
      fc.property(
        fc.record({ high: count, normal: count, low: count }),
        count,
        fc.integer({ min: 0, max: 100 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (waiting, reliefSize, reliefChance, number) => {
          const lane = pickLane(waiting, { reliefSize, reliefChance }, () => number);
          if (lane) assert.ok(waiting[lane] > 0);
          else assert.equal(waiting.high + waiting.normal + waiting.low, 0);
        },
      ),
    );
  });
});
