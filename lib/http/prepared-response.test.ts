import assert from "node:assert/strict";
import { describe, it } from "node:test";
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

describe("answerFor", () => {
  it("answerFor gives the 304 when one of the client's tags is the answer's", () => {
    for (const tags of ['W/"7"', '"1", W/"7"', '"1",W/"7" ,"2"']) {
      assert.equal(answerFor(answer, tags).status, 304, tags);
    }
  });

  it("answerFor gives the whole answer for other tags and without any", () => {
    for (const tags of ['W/"8"', '"7"', "W/", "", null, undefined]) {
      assert.equal(answerFor(answer, tags), answer, String(tags));
    }
  });

  it("answerFor gives the whole answer when it has no ETag", () => {
    const plain = prepareResponse(200, {}, body);
    assert.equal(answerFor(plain, 'W/"7"'), plain);
    assert.equal(answerFor(plain, ", "), plain);
  });
});
