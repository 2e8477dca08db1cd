import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { writeHex } from "./hex.ts";

describe("hex digits", () => {
  it("are written as the bytes that they stand for, and nothing beside them", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.nat(5),
        fc.boolean(),
        (bytes, start, large) => {
          const hex = Buffer.from(bytes).toString("hex");
          const written = new Uint8Array(start + bytes.length + 2).fill(7);
          const end = writeHex(written, start, large ? hex.toUpperCase() : hex);
          assert.equal(end, start + bytes.length);
          assert.deepEqual(written.subarray(start, end), bytes);
          assert.ok([...written.subarray(0, start), ...written.subarray(end)].every(b => b === 7));
        },
      ),
    );
  });
});
