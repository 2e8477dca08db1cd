import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { backoffMs } from "./retry.ts";

describe("backoff", () => {
  const backoff = { firstMs: 100, maxMs: 1_000 };

  it("doubles its ceiling up to the longest", () => {
    const ceilings = [0, 1, 2, 3, 4, 100].map(attempt => backoffMs(backoff, attempt, () => 1));
    assert.deepEqual(ceilings, [100, 200, 400, 800, 1_000, 1_000]);
  });

  it("is anything between nothing and its ceiling", () => {
    assert.equal(
      backoffMs(backoff, 3, () => 0),
      0,
    );
    assert.equal(
      backoffMs(backoff, 3, () => 0.5),
      400,
    );
  });
});
