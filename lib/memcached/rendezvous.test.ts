import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { hashOf, highest, ranked } from "./rendezvous.ts";

const seedsOf = (names: readonly string[]) => Uint32Array.from(names, hashOf);
const namesOf = (count: number) => Array.from({ length: count }, (_, i) => `10.0.0.${i}:11211`);
const bestOf = (names: readonly string[], item: number) => names[highest(seedsOf(names), item)];

/** How many of the items each server has. */
function shares(names: readonly string[], items: readonly number[]): number[] {
  const seeds = seedsOf(names);
  const counts = names.map(() => 0);
  for (const item of items) counts[highest(seeds, item)] = (counts[highest(seeds, item)] ?? 0) + 1;
  return counts;
}

describe("rendezvous hashing", () => {
  it("an item's servers do not depend on the order of the list", () => {
    const names = namesOf(7);
    const shuffled = fc.shuffledSubarray(names, { minLength: names.length });
    fc.assert(
      fc.property(shuffled, fc.string(), (other, item) => {
        const rankedNames = (list: readonly string[]) =>
          ranked(seedsOf(list), hashOf(item)).map(index => list[index]);
        assert.deepEqual(rankedNames(other), rankedNames(names));
        assert.equal(bestOf(other, hashOf(item)), rankedNames(names)[0]);
      }),
    );
  });

  for (const step of [1, 2, 3, 4, 8]) {
    it(`poll numbers in steps of ${step} are spread evenly over the servers`, () => {
      for (const count of [2, 3, 4, 5, 8]) {
        const items = Array.from({ length: 3_000 }, (_, i) => hashOf(`poll ${1 + i * step}`));
        for (const share of shares(namesOf(count), items)) {
          const expected = items.length / count;
          // Six standard deviations of a binomial distribution.
          assert.ok(Math.abs(share - expected) < 6 * Math.sqrt(expected), `${share} of ${count}`);
        }
      }
    });
  }

  it("addresses that differ in one digit of the port get even shares", () => {
    const names = ["11211", "11212", "11213"].map(port => `127.0.0.1:${port}`);
    const items = Array.from({ length: 3_000 }, (_, i) => hashOf(`poll ${i}`));
    for (const share of shares(names, items)) assert.ok(share > 800 && share < 1_200, `${share}`);
  });

  it("a server that is added gets items, and no other item moves", () => {
    const names = namesOf(4);
    const [fewer, more] = [names.slice(0, 3), names];
    let moved = 0;
    for (let i = 0; i < 4_000; i++) {
      const [before, after] = [bestOf(fewer, hashOf(`${i}`)), bestOf(more, hashOf(`${i}`))];
      if (before === after) continue;
      assert.equal(after, names[3]);
      moved += 1;
    }
    assert.ok(moved > 800 && moved < 1_200, `${moved} of 4000 moved`);
  });
});
