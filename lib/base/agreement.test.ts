import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { agreement } from "./agreement.ts";

const at = (value: number, uncertainty = 1) => ({
  min: value - uncertainty,
  max: value + uncertainty,
});

describe("agreement", () => {
  it("the agreement of sources that overlap is their overlap", () => {
    const found = agreement([at(0), at(0.5), at(-0.5)]);
    assert.deepEqual(found, { bounds: { min: -0.5, max: 0.5 }, sources: 3 });
  });

  it("an agreement leaves out a source that differs from two others, wherever it stands", () => {
    for (const sources of [
      [at(100), at(0), at(0)],
      [at(0), at(100), at(0)],
      [at(0), at(0), at(-100)],
    ]) {
      assert.deepEqual(agreement(sources), { bounds: { min: -1, max: 1 }, sources: 2 });
    }
  });

  it("an agreement follows the first source when no two agree", () => {
    assert.deepEqual(agreement([at(7), at(-7), at(70)]), {
      bounds: { min: 6, max: 8 },
      sources: 1,
    });
  });

  it("an agreement needs a source", () => {
    assert.throws(() => agreement([]), RangeError);
  });
});
