import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { percentages, sharesOf } from "./percent.ts";

const counts = fc.array(fc.nat(2_000_000_000), { minLength: 1, maxLength: 50 });

describe("percentages", () => {
  it("percentages are equal for equal counts", () => {
    const few = fc.array(fc.nat(4), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(few, list => {
        const shares = percentages(list);
        for (const [i, a] of list.entries()) {
          assert.equal(shares[i], shares[list.indexOf(a)], `${list} as ${shares}`);
        }
      }),
    );
  });

  it("percentages are the nearest whole number, a half up or down", () => {
    fc.assert(
      fc.property(counts, list => {
        const total = list.reduce((a, b) => a + b, 0);
        if (total === 0) return;
        for (const [i, share] of percentages(list).entries()) {
          assert.ok(Math.abs(share - ((list[i] ?? 0) * 100) / total) <= 0.5 + 1e-9);
        }
      }),
    );
  });

  it("percentages are never larger for a smaller count", () => {
    fc.assert(
      fc.property(counts, list => {
        const shares = percentages(list);
        for (const [i, a] of list.entries()) {
          for (const [j, b] of list.entries()) {
            if (a > b) assert.ok((shares[i] ?? 0) >= (shares[j] ?? 0));
          }
        }
      }),
    );
  });

  it("percentages round a half down where that brings their sum to 100", () => {
    assert.deepEqual(percentages([3, 3, 3]), [33, 33, 33]);
    assert.deepEqual(percentages([255, 255, 245, 245]), [26, 26, 24, 24]);
    assert.deepEqual(percentages([1, 7]), [12, 88]);
    assert.deepEqual(percentages([5, 195, 0]), [2, 98, 0]);
    assert.deepEqual(percentages([0, 0]), [0, 0]);
  });
});

describe("shares of voters", () => {
  it("shares of voters may sum to more than 100, and are 0 without ballots", () => {
    assert.deepEqual(sharesOf([3, 2, 0], 4), [75, 50, 0]);
    assert.deepEqual(sharesOf([0, 0], 0), [0, 0]);
  });
});
