import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BatchId } from "../model/ids.ts";
import { RecentBatches } from "./recent-batches.ts";

function idOf(number: number): BatchId {
  const id = Buffer.alloc(12);
  id.writeUInt32BE(number, 8);
  return id as BatchId;
}

describe("RecentBatches", () => {
  it("RecentBatches knows an id by its bytes, not by its buffer", () => {
    const recent = new RecentBatches();
    recent.add([idOf(0xff80)]);
    assert.ok(recent.has(idOf(0xff80)));
    assert.ok(!recent.has(idOf(0xff81)));
  });

  it("RecentBatches knows no id after clear", () => {
    const recent = new RecentBatches();
    recent.add([idOf(1)]);
    recent.clear();
    assert.ok(!recent.has(idOf(1)));
  });

  it("RecentBatches forgets the oldest ids above a hundred thousand", () => {
    const recent = new RecentBatches();
    recent.add(Array.from({ length: 100_000 }, (_, number) => idOf(number)));
    recent.add([idOf(100_000), idOf(100_001)]);
    assert.deepEqual(
      [0, 1, 2, 100_001].map(number => recent.has(idOf(number))),
      [false, false, true, true],
    );
  });
});
