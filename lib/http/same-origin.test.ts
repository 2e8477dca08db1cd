import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isFloodgateError } from "../base/errors.ts";
import { refuseCrossSite } from "./same-origin.ts";

const url = "https://polls.example";

function passes(headers: Record<string, string>): boolean {
  try {
    refuseCrossSite(new Request(`${url}/api`, { method: "POST", headers }), url);
    return true;
  } catch (error) {
    assert.ok(isFloodgateError(error, "forbidden"));
    return false;
  }
}

describe("a vote or an edit", () => {
  it("a vote or an edit is accepted from our own page, and from a program", () => {
    assert.ok(passes({}));
    assert.ok(passes({ "sec-fetch-site": "same-origin", origin: url }));
    assert.ok(passes({ origin: url }));
    assert.ok(passes({ origin: "https://other-name.example", host: "other-name.example" }));
  });

  it("a vote or an edit is refused from another site, a sandboxed frame, and a sibling subdomain", () => {
    assert.ok(!passes({ "sec-fetch-site": "cross-site", origin: "https://evil.example" }));
    assert.ok(!passes({ "sec-fetch-site": "same-site", origin: "https://www.polls.example" }));
    assert.ok(!passes({ "sec-fetch-site": "none" }));
    assert.ok(!passes({ origin: "null" }));
    assert.ok(!passes({ origin: "https://evil.example", host: "polls.example" }));
    assert.ok(!passes({ "sec-fetch-site": "cross-site", origin: url }));
  });
});
