import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { busyMicros, coresOfOthers, isDisturbed, leastDisturbed, mustRepeat } from "./others.ts";

const stat = "cpu  100 20 30 5000 700 1 2 4 50 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n";

describe("load by others", () => {
  it("the machine's time counts work, interrupts and steal, but neither idling nor disks", () => {
    assert.equal(busyMicros(stat), (100 + 20 + 30 + 1 + 2 + 4) * 10_000);
  });

  it("load by others is what the machine did beyond the benchmark, in cores", () => {
    assert.equal(coresOfOthers({ busyUs: 9_000_000, ownUs: 6_000_000, ms: 6_000 }), 0.5);
  });

  it("load by others is never below nothing", () => {
    assert.equal(coresOfOthers({ busyUs: 5_990_000, ownUs: 6_000_000, ms: 6_000 }), 0);
  });

  it("a round is disturbed above the threshold", () => {
    assert.equal(isDisturbed({ others: 0.15 }), false);
    assert.equal(isDisturbed({ others: 0.16 }), true);
  });

  it("a round is repeated until an attempt was undisturbed", () => {
    assert.equal(mustRepeat([{ others: 0.4 }], 3), true);
    assert.equal(mustRepeat([{ others: 0.4 }, { others: 0.1 }], 3), false);
  });

  it("a round is not repeated for ever", () => {
    assert.equal(mustRepeat([{ others: 0.4 }, { others: 0.3 }, { others: 0.5 }], 3), false);
  });

  it("the least disturbed attempt counts", () => {
    assert.deepEqual(leastDisturbed([{ others: 0.9 }, { others: 0.2 }, { others: 0.6 }]), {
      others: 0.2,
    });
  });

  it("of attempts that were about as much disturbed, the last counts", () => {
    assert.deepEqual(leastDisturbed([{ others: 0.4 }, { others: 0.3 }, { others: 0.35 }]), {
      others: 0.35,
    });
  });
});
