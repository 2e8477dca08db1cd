import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Utils } from "memjs";
import { RequestBytes } from "./request-bytes.ts";

const requests = fc.array(
  fc.record({
    code: fc.integer({ min: 0, max: 255 }),
    key: fc.stringMatching(/^[A-Za-z0-9_.:-]{0,200}$/),
    extras: fc.array(fc.nat({ max: 0xffff_ffff }), { maxLength: 5 }),
    value: fc.oneof(
      fc.string({ unit: "binary", maxLength: 900 }),
      fc.uint8Array({ maxLength: 900 }).map(bytes => Buffer.from(bytes)),
    ),
  }),
  { maxLength: 20 },
);

describe("request bytes", () => {
  it("request bytes equal the bytes that memjs makes, with a no-op after them", () => {
    fc.assert(
      fc.property(requests, fc.nat({ max: 0x7fff_0000 }), (list, first) => {
        const bytes = new RequestBytes();
        const wanted = list.map(({ code, key, extras, value }, index) => {
          assert.equal(bytes.push(code, key, extras, value), index);
          const words = Buffer.alloc(extras.length * 4);
          for (const [at, extra] of extras.entries()) words.writeUInt32BE(extra, at * 4);
          return Utils.makeRequestBuffer(code, key, words, value, first + index);
        });
        wanted.push(Utils.makeRequestBuffer(0x0a, "", "", "", first + list.length));
        assert.equal(bytes.size, list.length);
        assert.deepEqual(bytes.numbered(first), Buffer.concat(wanted));
      }),
    );
  });

  it("returned request bytes do not change when they are numbered again", () => {
    const bytes = new RequestBytes();
    bytes.push(0x09, "a", [], "");
    const first = bytes.numbered(1);
    const copy = Buffer.from(first);
    bytes.numbered(100);
    assert.deepEqual(first, copy);
  });
});
