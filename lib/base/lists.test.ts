import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { groupBy, portions, range } from "./lists.ts";

describe("range", () => {
  it("range includes both ends, and is empty when the last number is below the first", () => {
    assert.deepEqual(range(3, 6), [3, 4, 5, 6]);
    assert.deepEqual(range(3, 3), [3]);
    assert.deepEqual(range(3, 2), []);
    assert.deepEqual(range(3, -9), []);
  });
});

describe("portions", () => {
  it("portions cuts a list into full portions and a rest", () => {
    assert.deepEqual(portions([1, 2, 3, 4, 5], 2), [[1, 2], [3, 4], [5]]);
    assert.deepEqual(portions([1, 2], 2), [[1, 2]]);
    assert.deepEqual(portions([], 2), []);
  });
});

describe("groupBy", () => {
  it("groupBy finds for each key what a filter finds, in the same order", () => {
    const rows = fc.array(fc.record({ poll: fc.nat(5), option: fc.nat(9) }));
    fc.assert(
      fc.property(rows, list => {
        const groups = groupBy(list, row => row.poll);
        for (const poll of range(0, 5)) {
          const filtered = list.filter(row => row.poll === poll);
          assert.deepEqual(groups.get(poll) ?? [], filtered);
        }
      }),
    );
  });

  it("groupBy asks for the key of each item once", () => {
    let calls = 0;
    groupBy(range(1, 1_000), number => {
      calls += 1;
      return number % 10;
    });
    assert.equal(calls, 1_000);
  });
});
