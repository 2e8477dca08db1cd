/** The compressed size of what readers download. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { assets } from "./generated.ts";

const kB = 1_000;
const sizeOf = (text: string) => gzipSync(text, { level: 9 }).length;

describe("the readers' scripts", () => {
  it("the readers' scripts are below 10 kB compressed on a poll's page (8.5 kB now)", () => {
    assert.ok(sizeOf(assets.script) <= 10 * kB, String(sizeOf(assets.script)));
  });

  it("the readers' scripts are below 10 kB compressed in an article, embed.js included (9.3 kB now)", () => {
    const both = sizeOf(assets.embedScript) + sizeOf(assets.script);
    assert.ok(both <= 10 * kB, String(both));
  });
});
