import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { PollKey } from "../model/ids.ts";
import type { ChangeStep, PlacementRule, ServerList } from "../model/server-list.ts";
import { MemcachedClient } from "./client.ts";
import { inOrderFrom, Placement } from "./placement.ts";

const serversOf = (count: number) =>
  Array.from({ length: count }, (_, index) => new MemcachedClient({ host: "m", port: index + 1 }));

const listOf = (
  servers: readonly MemcachedClient[],
  version: number,
  rule: PlacementRule = "rendezvous",
): ServerList => {
  const names = servers.map(({ name }) => name);
  return { version, rule, memcached: names, queues: names };
};

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

  it("Placement places by the order of the list where the site was made by release 0.2.0", () => {
    const servers = serversOf(3);
    const placement = new Placement(servers, 2);
    placement.use({ newest: listOf(servers, 1, "by_order"), step: "settled", old: undefined });
    const placed = [3, 4, 5].map(number => placement.of(String(number) as PollKey));
    const [first, second, third] = servers;
    assert.deepEqual(placed, [
      [first, second],
      [second, third],
      [third, first],
    ]);
  });

  it("Placement writes by both lists while a change is under way, and reads by the one whose turn it is", () => {
    const servers = serversOf(4);
    const placement = new Placement(servers, 1);
    const old = listOf(servers.slice(0, 3), 1);
    const newest = listOf(servers, 2);
    const placedAt = (step: ChangeStep, poll: PollKey) => {
      placement.use({ newest, step, old: step === "settled" ? undefined : old });
      return placement.of(poll);
    };
    let moved = 0;
    for (let number = 1; number <= 100; number++) {
      const poll = String(number) as PollKey;
      const joining = placedAt("joining", poll);
      const settled = placedAt("settled", poll);
      assert.deepEqual(placedAt("switching", poll), [...joining].reverse());
      assert.deepEqual(joining.slice(-1), settled);
      if (joining.length === 2) moved += 1;
    }
    assert.ok(moved > 10 && moved < 45, `${moved} of 100 moved`);
  });

  it("Placement says that a step is taken only when work that began before it has ended", async () => {
    const servers = serversOf(2);
    const placement = new Placement(servers, 1);
    let end = () => {};
    const work = placement.hold(() => new Promise<void>(resolve => (end = resolve)));
    placement.use({ newest: listOf(servers, 1), step: "settled", old: undefined });
    assert.equal(placement.taken, "0:settled");
    end();
    await work;
    assert.equal(placement.taken, "1:settled");
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
