import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { percentages, sharesOf } from "./percent.ts";

const counts = fc.array(fc.nat(2_000_000_000), { minLength: 1, maxLength: 50 });

describe("percentages", () => {
  it("percentages sum to 100 unless all counts are 0", () => {
    fc.assert(
      fc.property(counts, list => {
        const sum = percentages(list).reduce((a, b) => a + b, 0);
        assert.equal(sum, list.some(count => count > 0) ? 100 : 0);
      }),
    );
  });

  it("percentages differ from the exact share by less than one", () => {
    fc.assert(
      fc.property(counts, list => {
        const total = list.reduce((a, b) => a + b, 0);
        if (total === 0) return;
        for (const [i, share] of percentages(list).entries()) {
          assert.ok(Math.abs(share - ((list[i] ?? 0) * 100) / total) < 1);
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

  it("percentages give the first of equal counts the point that is left", () => {
    assert.deepEqual(percentages([1, 1, 1]), [34, 33, 33]);
    assert.deepEqual(percentages([0, 0]), [0, 0]);
  });
});

describe("shares of voters", () => {
  it("shares of voters may sum to more than 100, and are 0 without ballots", () => {
    assert.deepEqual(sharesOf([3, 2, 0], 4), [75, 50, 0]);
    assert.deepEqual(sharesOf([0, 0], 0), [0, 0]);
  });
});
