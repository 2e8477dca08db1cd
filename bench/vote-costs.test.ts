import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { allCosts, costOfRound, voteCosts } from "./vote-costs.ts";

describe("costs of a vote", () => {
  const costs = voteCosts({
    counted: 1_000,
    whileCounted: { front: 60_000, memcached: 3_000, generator: 12_000 },
    accepted: 2_000,
    untilStored: { worker: 8_000, MariaDB: 16_000 },
  });

  it("each part's time is shared among the votes of its span", () => {
    assert.deepEqual(costs, { front: 60, memcached: 3, worker: 4, MariaDB: 8, generator: 12 });
  });

  it("all costs include the generator", () => {
    assert.equal(allCosts(costs), 87);
  });

  it("a round costs what votes share less of at a low rate", () => {
    // A vote's own work is 50 µs, a round 200 µs.
    const low = { voteUs: 50 + 200 / 2, votesARound: 2 };
    const saturated = { voteUs: 50 + 200 / 40, votesARound: 40 };
    assert.ok(Math.abs(costOfRound(low, saturated) - 200) < 1e-9);
  });
});
