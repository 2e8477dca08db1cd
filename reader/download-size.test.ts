/** What readers download of ours, compressed. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { assets } from "./generated.ts";

const kB = 1_000;
const sizeOf = (text: string) => gzipSync(text, { level: 9 }).length;

describe("what readers download", () => {
  it("is less than 10 kB of script for a poll's page (7.1 kB now)", () => {
    assert.ok(sizeOf(assets.script) <= 10 * kB, String(sizeOf(assets.script)));
  });

  it("is less than 10 kB of script for an article, with the frame's (8.0 kB now)", () => {
    const both = sizeOf(assets.embedScript) + sizeOf(assets.script);
    assert.ok(both <= 10 * kB, String(both));
  });
});
