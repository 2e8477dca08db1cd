import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  dataHeaders,
  embedHeaders,
  pageHeaders,
  pictureHeaders,
  scriptHeaders,
} from "./headers.ts";

const sources = { styleHashes: ["'sha256-abc='"], images: ["https://img.example"] };

/** Directives of a Content-Security-Policy by name. */
function policyOf(headers: Readonly<Record<string, string>>): Record<string, string> {
  const policy = headers["Content-Security-Policy"] ?? "";
  return Object.fromEntries(
    policy.split("; ").map(directive => {
      const [name = "", ...values] = directive.split(" ");
      return [name, values.join(" ")];
    }),
  );
}

describe("security headers", () => {
  it("security headers let a page run our own scripts only, and no inline script", () => {
    assert.equal(policyOf(pageHeaders(sources))["script-src"], "'self'");
  });

  it("security headers list a page's inline styles by hash and its images by origin", () => {
    const policy = policyOf(pageHeaders(sources));
    assert.equal(policy["style-src"], "'self' 'sha256-abc='");
    assert.equal(policy["img-src"], "'self' data: https://img.example");
  });

  it("security headers let only its own origin frame a page", () => {
    const headers = pageHeaders({ styleHashes: [] });
    assert.equal(policyOf(headers)["frame-ancestors"], "'self'");
    assert.equal(headers["X-Frame-Options"], "SAMEORIGIN");
  });

  it("security headers let the configured sites frame an embed, without an X-Frame-Options that would forbid it", () => {
    const headers = embedHeaders(sources, ["https://news.example"]);
    assert.equal(policyOf(headers)["frame-ancestors"], "'self' https://news.example");
    assert.ok(!("X-Frame-Options" in headers));
  });

  it("security headers forbid data answers every script, frame and embedding", () => {
    assert.deepEqual(policyOf(dataHeaders), {
      "default-src": "'none'",
      "frame-ancestors": "'none'",
      sandbox: "",
    });
  });

  it("security headers forbid content sniffing for every class of answers", () => {
    const all = [
      dataHeaders,
      pageHeaders(sources),
      embedHeaders(sources, []),
      scriptHeaders,
      pictureHeaders,
    ];
    for (const headers of all) assert.equal(headers["X-Content-Type-Options"], "nosniff");
  });
});
