import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { refusedFromPercent, refusedLanes } from "./memory-limits.ts";

const behind = (usedPercent: number) => ({ usedPercent, behind: true });

describe("room", () => {
  it("is taken from the low lane at the share, from the others at thirds of what is left", () => {
    assert.deepEqual(
      (["low", "normal", "high"] as const).map(lane => refusedFromPercent(lane, 70)),
      [70, 80, 90],
    );
  });

  it("is taken from the lowest lane first, and from all in the end", () => {
    const without = (usedPercent: number) => refusedLanes([behind(usedPercent)], 1, 70);
    assert.deepEqual(without(69.9), []);
    assert.deepEqual(without(70), ["low"]);
    assert.deepEqual(without(80), ["normal", "low"]);
    assert.deepEqual(without(90), ["high", "normal", "low"]);
  });

  it("is there, however full a server is, while slots do not wait", () => {
    assert.deepEqual(refusedLanes([{ usedPercent: 99, behind: false }], 1, 70), []);
  });

  it("is asked of as many servers as there are copies, of those that are up", () => {
    const servers = [behind(95), behind(20)];
    assert.deepEqual(refusedLanes(servers, 1, 70), []);
    assert.deepEqual(refusedLanes(servers, 2, 70), ["high", "normal", "low"]);
    assert.deepEqual(refusedLanes([behind(75)], 2, 70), ["low"]);
    assert.deepEqual(refusedLanes([], 2, 70), []);
  });
});
