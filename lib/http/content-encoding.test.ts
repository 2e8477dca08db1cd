import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { compress, encodingFor, isCompressible } from "./content-encoding.ts";

describe("compressed answers", () => {
  it("compressed answers come in the encoding that the client prefers", () => {
    const cases = {
      "gzip, deflate, br, zstd": "br",
      "gzip, deflate": "gzip",
      GZIP: "gzip",
      "x-gzip": "gzip",
      "br;q=0.5, gzip": "gzip",
      "br;q=0, gzip;q=0.1": "gzip",
      "*": "br",
      "*;q=0.1, br;q=0": "gzip",
      "identity;q=0": undefined,
      "identity;q=0, gzip": "gzip",
      "*;q=0": undefined,
      "*;q=0, gzip": "gzip",
      "gzip;q=0": undefined,
      "gzip;q=0, br;q=0": undefined,
      "identity, gzip;q=0.5": undefined,
      "deflate, zstd": undefined,
      "brx, gzipped": undefined,
      ";;q=x,,": undefined,
      "": undefined,
    };
    for (const [accepted, encoding] of Object.entries(cases)) {
      assert.equal(encodingFor(accepted), encoding, accepted);
    }
    assert.equal(encodingFor(null), undefined);
    assert.equal(encodingFor(`${"a,".repeat(200)}gzip`), undefined);
  });

  it("compressed answers have the same contents", () => {
    const body = Buffer.from("Is it so? ".repeat(500));
    for (const lifetime of ["second", "release"] as const) {
      assert.deepEqual(brotliDecompressSync(compress(body, "br", lifetime)), body);
      assert.deepEqual(gunzipSync(compress(body, "gzip", lifetime)), body);
    }
  });

  it("compressed answers are texts of some length, and neither streams nor pictures", () => {
    for (const type of ["text/html; charset=utf-8", "application/json", "text/javascript"]) {
      assert.ok(isCompressible(type, 2_000), type);
      assert.ok(!isCompressible(type, 1_000), type);
    }
    for (const type of ["text/event-stream", "image/png", "font/woff2", undefined]) {
      assert.ok(!isCompressible(type, 20_000), type);
    }
  });
});
