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

  it("a round costs what votes at a low rate cost beyond as many in saturation", () => {
    const low = { frontUs: 300_000, votes: 3_000, rounds: 1_000, voteUsSaturated: 60 };
    assert.equal(costOfRound(low), 120);
  });
});
