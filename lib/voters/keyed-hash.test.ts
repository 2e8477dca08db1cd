import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { KeyedHash } from "./keyed-hash.ts";

describe("KeyedHash", () => {
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.string({ maxLength: 120, unit: "binary" }),
  );

  it("KeyedHash computes HMAC-SHA-256 for any parts, after any earlier message", () => {
    const key = randomBytes(32);
    const keyed = new KeyedHash(key);
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), fc.integer({ min: 1, max: 32 }), (parts, n) => {
        const hmac = createHmac("sha256", key);
        for (const one of parts) hmac.update(one);
        assert.deepEqual(keyed.digest(n, ...parts), hmac.digest().subarray(0, n));
      }),
    );
  });

  it("KeyedHash takes keys of up to 64 bytes and throws on longer ones", () => {
    for (const length of [1, 32, 64]) {
      const key = randomBytes(length);
      const expected = createHmac("sha256", key).update("x").digest();
      assert.ok(new KeyedHash(key).digest(32, "x").equals(expected));
    }
    assert.throws(() => new KeyedHash(randomBytes(65)), RangeError);
  });
});
