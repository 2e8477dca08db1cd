/**
 * The queue protocol under thousands of interleavings: many fronts and workers, packets that come late or
 * never, servers that forget. fast-check finds a run that goes wrong, makes it small, and prints its seed.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Bugs } from "./fake-memcached.ts";
import { runScenario, type Scenario } from "./queue-model.ts";

const runs = Number(process.env.MODEL_RUNS ?? 200);

const scenario: fc.Arbitrary<Scenario> = fc.record({
  seed: fc.integer(),
  fronts: fc.integer({ min: 1, max: 4 }),
  batchesEach: fc.integer({ min: 1, max: 5 }),
  workers: fc.integer({ min: 1, max: 3 }),
  troubles: fc.array(
    fc.record({
      kind: fc.constantFrom("flush", "restart", "cut", "kill front", "kill worker"),
      atMs: fc.integer({ min: 0, max: 500 }),
    }),
    { maxLength: 5 },
  ),
});

const property = (bugs: Bugs = {}) =>
  fc.asyncProperty(scenario, async chosen => {
    const { violations } = await runScenario(chosen, bugs);
    assert.deepEqual(violations, []);
  });

describe("the queue, simulated", () => {
  it(`the simulated queue keeps its promises in ${runs} interleavings`, async () => {
    await fc.assert(property(), { numRuns: runs });
  });

  it("the simulated queue acknowledges batches", async () => {
    const calm = { seed: 1, fronts: 3, batchesEach: 5, workers: 2, troubles: [] };
    assert.ok((await runScenario(calm)).acknowledged >= 10);
  });

  // A server whose `incr` creates what is missing is found in some thousand runs only: the epoch is read
  // again behind every slot, and that fence holds by itself.
  it("the simulation finds a server whose add overwrites", async () => {
    const bugs: Bugs = { addOverwrites: true };
    const details = await fc.check(property(bugs), { numRuns: runs * 5, endOnFailure: true });
    assert.ok(details.failed, "no run reported the planted bug");
  });
});
