import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeFrame, encodeRetry, idleFrame } from "./frames.ts";
import type { Snapshot } from "./snapshot.ts";

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

describe("event stream frames", () => {
  it("event stream frames carry results as one data line, with the version as id", () => {
    const json = new Uint8Array(Buffer.from('{"poll":"fish","question":"å\\nä"}'));
    const frame = encodeFrame({ results: { version: 42 }, json } as unknown as Snapshot);
    assert.deepEqual(text(frame).split("\n"), [
      "id: 42",
      "event: results",
      'data: {"poll":"fish","question":"å\\nä"}',
      "",
      "",
    ]);
  });

  it("event stream frames ask a viewer to reconnect after half a second to five seconds", () => {
    assert.equal(text(encodeRetry(() => 0)), "retry: 500\n\n");
    assert.equal(text(encodeRetry(() => 1)), "retry: 5000\n\n");
  });

  it("event stream frames keep an idle connection open with an event that has no name and no data", () => {
    assert.equal(text(idleFrame), "data:\n\n");
  });
});
