import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { PollKey } from "../model/ids.ts";
import { MemcachedClient } from "./client.ts";
import { inOrderFrom, Placement } from "./placement.ts";

const serversOf = (count: number) =>
  Array.from({ length: count }, (_, index) => new MemcachedClient({ host: "m", port: index + 1 }));

describe("Placement", () => {
  it("Placement gives each number as many different servers as there are copies, if there are so many", () => {
    const counts = fc.integer({ min: 1, max: 6 });
    fc.assert(
      fc.property(counts, counts, fc.bigInt(0n, 2n ** 64n - 1n), (count, copies, number) => {
        const placed = new Placement(serversOf(count), copies).of(String(number) as PollKey);
        assert.equal(new Set(placed).size, Math.min(copies, count));
        assert.equal(placed.length, Math.min(copies, count));
      }),
    );
  });

  it("Placement prefers each server for the same share of numbers", () => {
    const servers = serversOf(3);
    const placement = new Placement(servers, 2);
    const first = Array.from(
      { length: 30 },
      (_, number) => placement.of(String(number) as PollKey)[0],
    );
    for (const server of servers) assert.equal(first.filter(each => each === server).length, 10);
  });

  it("Placement throws without servers", () => {
    assert.throws(() => new Placement([], 1), RangeError);
  });
});

describe("inOrderFrom", () => {
  it("inOrderFrom starts at an index and wraps around", () => {
    const names = inOrderFrom(serversOf(3), 2).map(({ name }) => name);
    assert.deepEqual(names, ["m:3", "m:1", "m:2"]);
  });
});
