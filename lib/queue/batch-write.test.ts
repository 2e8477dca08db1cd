import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BatchIds } from "./batch-write.ts";

describe("BatchIds", () => {
  it("BatchIds makes ids of 12 bytes: the process's producer, then a serial from 1", () => {
    const ids = new BatchIds();
    for (const serial of [1, 2, 3]) {
      const id = ids.next();
      assert.equal(id.length, 12);
      assert.deepEqual(id.subarray(0, 8), ids.producer);
      assert.equal(id.readUInt32BE(8), serial);
    }
  });

  it("BatchIds makes ids that later ids do not change", () => {
    const ids = new BatchIds();
    const first = ids.next();
    ids.next();
    assert.equal(first.readUInt32BE(8), 1);
  });

  it("BatchIds has another producer in each process", () => {
    assert.notDeepEqual(new BatchIds().producer, new BatchIds().producer);
  });
});
