import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { QueueName } from "../model/ids.ts";
import { allQueueNames, laneOf, queueName } from "./queue-names.ts";

describe("queue names", () => {
  it("queue names list every lane and home once, high lanes first", () => {
    assert.deepEqual(allQueueNames(2), [
      "high.0",
      "high.1",
      "normal.0",
      "normal.1",
      "low.0",
      "low.1",
    ]);
  });

  it("queue names tell their lane, for any home", () => {
    for (const lane of ["high", "normal", "low"] as const) {
      assert.equal(laneOf(queueName(lane, 12)), lane);
    }
  });

  it("laneOf throws when the lane of a queue name is unknown", () => {
    for (const name of ["highest.0", "high", "", "0.high"]) {
      assert.throws(() => laneOf(name as QueueName), RangeError, name);
    }
  });
});
