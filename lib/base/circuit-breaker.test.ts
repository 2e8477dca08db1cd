import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CircuitBreaker } from "./circuit-breaker.ts";

function breakerAt(startMs = 0) {
  const clock = { ms: startMs };
  const changes: boolean[] = [];
  const breaker = new CircuitBreaker(
    { trialPauseMs: 1_000, onAvailability: available => void changes.push(available) },
    () => clock.ms,
  );
  return { breaker, clock, changes };
}

describe("CircuitBreaker", () => {
  it("CircuitBreaker passes every call while closed", () => {
    const { breaker } = breakerAt();
    assert.deepEqual([breaker.tryPass(), breaker.tryPass()], [true, true]);
    assert.ok(breaker.available);
    assert.equal(breaker.awayMs, 0);
  });

  it("CircuitBreaker refuses calls from a failure until the pause has passed", () => {
    const { breaker, clock } = breakerAt(5);
    breaker.noteFailure();
    clock.ms = 1_004;
    assert.equal(breaker.tryPass(), false);
    assert.equal(breaker.available, false);
    clock.ms = 1_005;
    assert.equal(breaker.tryPass(), true);
  });

  it("CircuitBreaker passes one trial in each pause, also when the trial's end is never noted", () => {
    const { breaker, clock } = breakerAt();
    breaker.noteFailure();
    clock.ms = 1_500;
    assert.deepEqual([breaker.tryPass(), breaker.tryPass()], [true, false]);
    clock.ms = 2_500;
    assert.deepEqual([breaker.tryPass(), breaker.tryPass()], [true, false]);
  });

  it("CircuitBreaker closes when a trial succeeds", () => {
    const { breaker, clock } = breakerAt();
    breaker.noteFailure();
    clock.ms = 1_000;
    breaker.tryPass();
    breaker.noteSuccess();
    assert.ok(breaker.available && breaker.tryPass() && breaker.tryPass());
  });

  it("CircuitBreaker waits another pause when a trial fails", () => {
    const { breaker, clock } = breakerAt();
    breaker.noteFailure();
    clock.ms = 1_000;
    breaker.tryPass();
    clock.ms = 1_400;
    breaker.noteFailure();
    clock.ms = 2_399;
    assert.equal(breaker.tryPass(), false);
    clock.ms = 2_400;
    assert.equal(breaker.tryPass(), true);
  });

  it("CircuitBreaker reports each change of availability once", () => {
    const { breaker, changes } = breakerAt();
    breaker.noteSuccess();
    breaker.noteFailure();
    breaker.noteFailure();
    breaker.noteSuccess();
    breaker.noteSuccess();
    assert.deepEqual(changes, [false, true]);
  });

  it("CircuitBreaker measures how long it is open from the first failure on", () => {
    const { breaker, clock } = breakerAt(100);
    breaker.noteFailure();
    clock.ms = 700;
    breaker.noteFailure();
    clock.ms = 900;
    assert.equal(breaker.awayMs, 800);
    breaker.noteSuccess();
    assert.equal(breaker.awayMs, 0);
  });
});
