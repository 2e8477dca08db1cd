import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SECOND } from "../base/clock.ts";
import type { LaneQueue } from "./drive-queues.ts";
import { Standstills } from "./standstills.ts";

const graceMs = 3 * SECOND;

function started() {
  let nowMs = 1_000_000;
  const standstills = new Standstills(graceMs, () => nowMs);
  return {
    standstills,
    pass: (seconds: number) => {
      nowMs += seconds * SECOND;
    },
  };
}

const queue = (slot: number, pointer: number, epoch = "e1"): LaneQueue =>
  ({
    server: { name: "m:1" },
    lane: "normal",
    pointer,
    flush: { checkpoint: { epoch, slot, queue: "normal.0" } },
  }) as unknown as LaneQueue;

describe("Standstills", () => {
  it("Standstills names a queue whose checkpoint does not move while slots wait", () => {
    const { standstills, pass } = started();
    standstills.note(queue(3, 9));
    pass(12);
    standstills.note(queue(3, 11));
    assert.deepEqual(standstills.all, [], "a missing slot may hold it up");
    pass(2);
    assert.deepEqual(standstills.all, [
      { server: "m:1", queue: "normal.0", slots: 8, forMs: 14 * SECOND },
    ]);
  });

  it("Standstills gives each standstill once to take", () => {
    const { standstills, pass } = started();
    standstills.note(queue(3, 9));
    assert.deepEqual(standstills.takeNew(), []);
    pass(20);
    assert.equal(standstills.takeNew().length, 1);
    standstills.note(queue(3, 10));
    assert.deepEqual(standstills.takeNew(), []);
    assert.equal(standstills.all.length, 1);
    standstills.note(queue(4, 10));
    pass(20);
    assert.equal(standstills.takeNew().length, 1, "another one");
  });

  it("Standstills forgets a queue that moves, becomes empty, or is in no pass any more", () => {
    for (const next of [queue(4, 9), queue(9, 9), undefined]) {
      const { standstills, pass } = started();
      standstills.note(queue(3, 9));
      pass(20);
      assert.equal(standstills.all.length, 1);
      if (next) standstills.note(next);
      else standstills.keepOnly([queue(1, 1, "e2")]);
      assert.deepEqual(standstills.all, []);
    }
  });
});
