import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { TokenBucket } from "./token-bucket.ts";

function bucketOf(perSecond: number) {
  const clock = { ms: 0 };
  return { bucket: new TokenBucket(perSecond, () => clock.ms), clock };
}

describe("TokenBucket", () => {
  it("TokenBucket starts with the tokens of one second", () => {
    const { bucket } = bucketOf(3);
    const taken = [1, 2, 3, 4].map(() => bucket.tryTake());
    assert.deepEqual(taken, [true, true, true, false]);
  });

  it("TokenBucket refills continuously", () => {
    const { bucket, clock } = bucketOf(10);
    bucket.take(10);
    clock.ms = 99;
    assert.equal(bucket.tryTake(), false);
    clock.ms = 100;
    assert.equal(bucket.tryTake(), true);
    assert.equal(bucket.tryTake(), false);
  });

  it("TokenBucket never holds more than the tokens of one second", () => {
    const { bucket, clock } = bucketOf(5);
    clock.ms = 60_000;
    assert.equal(bucket.tokens, 5);
  });

  it("TokenBucket pays a debt back before it gives out tokens again", () => {
    const { bucket, clock } = bucketOf(4);
    bucket.take(10);
    assert.equal(bucket.tokens, -6);
    clock.ms = 1_500;
    assert.equal(bucket.tryTake(), false);
    clock.ms = 1_750;
    assert.equal(bucket.tryTake(), true);
  });

  it("TokenBucket does not change when its tokens are only read", () => {
    const { bucket, clock } = bucketOf(1);
    bucket.take(1);
    for (clock.ms = 0; clock.ms < 1_000; clock.ms += 10) assert.equal(bucket.tokens, 0);
    clock.ms = 1_000;
    assert.equal(bucket.tokens, 1);
  });

  it("TokenBucket lets through at most one second's tokens and the refill, whatever the moments of the attempts", () => {
    const pauses = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), pauses, (perSecond, pausesMs) => {
        const { bucket, clock } = bucketOf(perSecond);
        let taken = 0;
        for (const pauseMs of pausesMs) {
          clock.ms += pauseMs;
          if (bucket.tryTake()) taken += 1;
        }
        assert.ok(taken <= perSecond + (clock.ms / 1_000) * perSecond + 1e-6);
      }),
    );
  });
});
