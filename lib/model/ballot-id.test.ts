import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ballotIdOf, uuidOf } from "./ballot-id.ts";

describe("a ballot id", () => {
  it("a ballot id is converted to a UUID and back, case-insensitive", () => {
    fc.assert(
      fc.property(fc.uuid(), fc.boolean(), (uuid, large) => {
        const id = ballotIdOf(large ? uuid.toUpperCase() : uuid);
        assert.match(id, /^[0-9a-f]{32}$/);
        assert.equal(uuidOf(id), uuid);
      }),
    );
  });

  it("a ballot id is made only of a UUID; other texts throw a RangeError", () => {
    for (const text of ["", "7", "3f0b6a52-9c1e-4c55-8a8e-0d6f3c1f2b7g", "x".repeat(36)]) {
      assert.throws(() => ballotIdOf(text), RangeError, text);
    }
  });
});
