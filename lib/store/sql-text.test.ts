import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hexLiteral, placeholders, timeLiteral } from "./sql-text.ts";

describe("SQL text", () => {
  it("SQL text has one question mark for each value", () => {
    assert.deepEqual([0, 1, 3].map(placeholders), ["", "?", "?, ?, ?"]);
  });

  it("SQL text writes bytes as a binary literal, and none as an empty text", () => {
    assert.equal(hexLiteral(Uint8Array.of(0, 255)), "0x00ff");
    assert.equal(hexLiteral(new Uint8Array()), "''");
  });

  it("SQL text writes only the bytes of a slice, not the whole buffer behind it", () => {
    const slot = Uint8Array.of(1, 2, 3, 4);
    assert.equal(hexLiteral(slot.subarray(1, 3)), "0x0203");
    assert.equal(hexLiteral(Buffer.from(slot).subarray(3)), "0x04");
  });

  it("SQL text writes a time in UTC with milliseconds", () => {
    const ms = Date.UTC(2026, 10, 20, 18, 0, 0, 7);
    assert.equal(timeLiteral(ms), "'2026-11-20 18:00:00.007'");
  });
});
