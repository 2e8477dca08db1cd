/** What the doctor says of clocks. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkClock, skewMs } from "./clocks.ts";

const now = Date.UTC(2026, 10, 20, 18, 0, 0);

describe("clocks", () => {
  const reading = {
    about: "memcached",
    theirMs: now,
    resolutionMs: 1_000,
    notBeforeMs: now,
    notAfterMs: now + 40,
  };

  it("the doctor accepts a clock within its resolution and the round trip", () => {
    assert.equal(skewMs(reading), 0);
    assert.equal(skewMs({ ...reading, theirMs: now - 1_000 }), 0);
    assert.deepEqual(checkClock({ ...reading, theirMs: now - 2_900 }), []);
  });

  it("the doctor reports a clock that is ahead or behind", () => {
    const [ahead] = checkClock({ ...reading, theirMs: now + 90_000 });
    assert.match(ahead?.says ?? "", /90 s ahead of/);
    const [behind] = checkClock({ ...reading, theirMs: now - 91_000 });
    assert.match(behind?.says ?? "", /90 s behind/);
  });
});
