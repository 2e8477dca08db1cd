import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { answerFor, prepareResponse } from "./prepared-response.ts";

const body = new Uint8Array(Buffer.from("räksmörgås"));
const headers = { "Content-Type": "text/plain", ETag: 'W/"7"', Vary: "Cookie" };
const answer = prepareResponse(200, headers, body);

describe("prepareResponse", () => {
  it("prepareResponse lists names and values for Node, with the length in bytes", () => {
    assert.deepEqual(answer.rawHeaders.slice(-4), ["Vary", "Cookie", "Content-Length", "13"]);
  });

  it("prepareResponse has a 304 without body and type, but with the other headers, when there is an ETag", () => {
    assert.equal(answer.unchanged?.status, 304);
    assert.equal(answer.unchanged?.body, null);
    assert.deepEqual(answer.unchanged?.headers, { ETag: 'W/"7"', Vary: "Cookie" });
  });

  it("prepareResponse has no 304 without an ETag", () => {
    assert.equal(prepareResponse(200, { Vary: "Cookie" }, body).unchanged, undefined);
  });
});

const asking = (tags: string | null | undefined, encodings?: string) =>
  new Headers({
    ...(tags && { "If-None-Match": tags }),
    ...(encodings && { "Accept-Encoding": encodings }),
  });

describe("answerFor", () => {
  it("answerFor gives the 304 when one of the client's tags is the answer's", () => {
    const sent = ['W/"7"', '"1", W/"7"', '"1",W/"7" ,"2"', '"7"', "*"];
    const byProxies = ['W/"7-gzip"', '"7-gzip"', '"7--gzip"', '"7;br"', '"7-br"'];
    for (const tags of [...sent, ...byProxies]) {
      assert.equal(answerFor(answer, asking(tags)).status, 304, tags);
    }
  });

  it("answerFor gives the whole answer for other tags and without any", () => {
    for (const tags of ['W/"8"', '"8-gzip"', "7", "W/", "", null, undefined]) {
      assert.equal(answerFor(answer, asking(tags)), answer, String(tags));
    }
  });

  it("answerFor gives a 304 without type, length and body", () => {
    assert.deepEqual(answerFor(answer, asking('"7"')), {
      status: 304,
      headers: { ETag: 'W/"7"', Vary: "Cookie" },
      body: null,
      rawHeaders: ["ETag", 'W/"7"', "Vary", "Cookie"],
    });
  });

  it("answerFor gives the whole answer when it has no ETag", () => {
    const plain = prepareResponse(200, {}, body);
    assert.equal(answerFor(plain, asking('W/"7"')), plain);
    assert.equal(answerFor(plain, asking(", ")), plain);
  });

  it("answerFor sends a page compressed as the client asks, encoded once, under the same ETag", () => {
    const text = new Uint8Array(Buffer.from("räksmörgås ".repeat(200)));
    const page = prepareResponse(200, headers, text);
    const brotli = answerFor(page, asking(null, "gzip, br"));
    assert.equal(brotli.headers["Content-Encoding"], "br");
    assert.deepEqual(brotliDecompressSync(brotli.body ?? ""), Buffer.from(text));
    assert.equal(answerFor(page, asking(null, "br")), brotli);
    const gzip = answerFor(page, asking(null, "gzip"));
    assert.deepEqual(gunzipSync(gzip.body ?? ""), Buffer.from(text));
    assert.deepEqual(gzip.rawHeaders.slice(-2), ["Content-Length", String(gzip.body?.length)]);
    for (const one of [page, brotli, gzip]) {
      assert.equal(one.headers.ETag, 'W/"7"');
      assert.equal(one.headers.Vary, "Cookie, Accept-Encoding");
    }
    const unchanged = answerFor(page, asking('W/"7"', "br"));
    assert.deepEqual(unchanged.headers, { ETag: 'W/"7"', Vary: "Cookie, Accept-Encoding" });
  });

  it("answerFor sends a page as it is to a client that asks for no encoding", () => {
    const page = prepareResponse(200, headers, new Uint8Array(2_000));
    for (const encodings of [undefined, "identity", "gzip;q=0", "*;q=0", "zstd"]) {
      assert.equal(answerFor(page, asking(null, encodings)), page, encodings);
    }
    assert.equal(answerFor(answer, asking(null, "br")), answer);
  });
});
