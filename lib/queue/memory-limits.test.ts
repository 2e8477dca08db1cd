import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { refusedFromPercent, refusedLanes } from "./memory-limits.ts";

const behind = (usedPercent: number) => ({ usedPercent, behind: true });

describe("memory limits", () => {
  it("memory limits refuse the low lane at the share, and the others at thirds of the rest", () => {
    assert.deepEqual(
      (["low", "normal", "high"] as const).map(lane => refusedFromPercent(lane, 70)),
      [70, 80, 90],
    );
  });

  it("memory limits refuse the lowest lane first, and all lanes in the end", () => {
    const refusedAt = (usedPercent: number) => refusedLanes([behind(usedPercent)], 1, 70);
    assert.deepEqual(refusedAt(69.9), []);
    assert.deepEqual(refusedAt(70), ["low"]);
    assert.deepEqual(refusedAt(80), ["normal", "low"]);
    assert.deepEqual(refusedAt(90), ["high", "normal", "low"]);
  });

  it("memory limits refuse no lane of a full server while no slot waits for long", () => {
    assert.deepEqual(refusedLanes([{ usedPercent: 99, behind: false }], 1, 70), []);
  });

  it("memory limits are applied to as many servers as there are copies, among those that are up", () => {
    const servers = [behind(95), behind(20)];
    assert.deepEqual(refusedLanes(servers, 1, 70), []);
    assert.deepEqual(refusedLanes(servers, 2, 70), ["high", "normal", "low"]);
    assert.deepEqual(refusedLanes([behind(75)], 2, 70), ["low"]);
    assert.deepEqual(refusedLanes([], 2, 70), []);
  });
});
