import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Latencies } from "./latencies.ts";

describe("latencies", () => {
  it("a percentile is the end of the bucket that so many latencies reach", () => {
    const latencies = new Latencies();
    for (let ms = 1; ms <= 100; ms++) latencies.add(ms);
    assert.equal(latencies.percentile(0.5), 50.1);
    assert.equal(latencies.percentile(0.99), 99.1);
    assert.equal(latencies.percentile(1), 100.1);
    assert.equal(latencies.count, 100);
  });

  it("a latency above forty seconds counts as forty seconds", () => {
    const latencies = new Latencies();
    latencies.add(60_000);
    assert.equal(latencies.percentile(1), 40_000);
  });
});
