import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkRequest } from "./request-check.ts";

const site = "https://polls.example";

/** A request as Node keeps it. */
function requestOf(
  url: string,
  {
    method = "GET",
    minor = 1,
    headers = {} as Record<string, string>,
    host = "polls.example",
  } = {},
) {
  const all: Record<string, string> = host === "" ? headers : { host, ...headers };
  const rawHeaders = Object.entries(all).flat();
  return { url, method, httpVersionMinor: minor, headers: { ...all }, rawHeaders };
}

const check = (url: string, more?: Parameters<typeof requestOf>[1]) => {
  const request = requestOf(url, more);
  const unreadable = checkRequest(request, site);
  const { headers, rawHeaders } = request;
  // Both forms of the headers say the same.
  for (const [name, value] of Object.entries(headers)) {
    assert.equal(rawHeaders[rawHeaders.indexOf(name) + 1], value);
  }
  assert.equal(rawHeaders.length, 2 * Object.keys(headers).length);
  return { ...request, unreadable };
};

describe("a request at the edge", () => {
  it("a request at the edge is refused when its path is not percent-encoded UTF-8", () => {
    for (const url of ["/p/%FF", "/p/%E0%A4%A", "/%", "/%zz?a=1", "/api/polls/%C0%AE"]) {
      assert.equal(check(url).unreadable, "address", url);
    }
    for (const url of ["/p/%C3%A9", "/p/a%2Fb", "/p/x?q=%FF", "/"]) {
      assert.equal(check(url).unreadable, undefined, url);
    }
  });

  it("a request at the edge with an absolute address is one for its path on its host", () => {
    const { url, headers, unreadable } = check("http://other.example:8080/p/x?lang=en");
    assert.deepEqual(
      [url, headers.host, unreadable],
      ["/p/x?lang=en", "other.example:8080", undefined],
    );
    assert.equal(check("http://polls.example").url, "/");
    assert.equal(check("HTTPS://polls.example?x").url, "/?x");
    assert.equal(check("ftp://polls.example/").unreadable, "address");
    assert.equal(check("http://user@polls.example/").unreadable, "host");
    assert.equal(check("http://polls.example/%FF").unreadable, "address");
  });

  it("a request at the edge may ask for the options of the whole server, and nothing else of it", () => {
    assert.equal(check("*", { method: "OPTIONS" }).url, "/");
    assert.equal(check("*").unreadable, "address");
  });

  it("a request at the edge without Host is for the public name, as a proxy's HTTP/1.0 check asks", () => {
    const { headers, unreadable } = check("/readyz", { host: "", minor: 0 });
    assert.deepEqual([headers.host, unreadable], ["polls.example", undefined]);
    assert.equal(check("/readyz", { host: "" }).unreadable, "host");
  });

  it("a request at the edge is refused when its Host is no host, or is given twice", () => {
    for (const host of ["a b", "[::", "a:99999", "a/..", "u@a", "a?b", "é"]) {
      assert.equal(check("/", { host }).unreadable, "host", host);
    }
    for (const host of ["a", "a.example:65535", "[::1]:3000", "127.0.0.1:3000", "a_b"]) {
      assert.equal(check("/", { host }).unreadable, undefined, host);
    }
    const twice = requestOf("/");
    twice.rawHeaders.push("Host", "evil.example");
    assert.equal(checkRequest(twice, site), "host");
  });

  it("a request at the edge whose Origin is none belongs to no page", () => {
    for (const origin of ["http://", "not a url", "http://[::1", ""]) {
      assert.equal(check("/", { headers: { origin } }).headers.origin, "null", origin);
    }
    for (const origin of [site, "null", "https://evil.example"]) {
      assert.equal(check("/", { headers: { origin } }).headers.origin, origin);
    }
  });

  it("a request at the edge with a method of no route gets every route's 405", () => {
    for (const method of ["TRACE", "PROPFIND", "M-SEARCH"]) {
      assert.equal(check("/", { method }).method, "PUT");
    }
    for (const method of ["GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS"]) {
      assert.equal(check("/", { method }).method, method);
    }
  });

  it("a request at the edge loses an expectation that nobody meets", () => {
    assert.deepEqual(check("/", { headers: { expect: "foo" } }).headers, { host: "polls.example" });
    const expect = "100-Continue";
    assert.equal(check("/", { headers: { expect } }).headers.expect, expect);
  });

  it("a request at the edge can't ask for answers that are not compressed by a header of ours", () => {
    const { headers } = check("/p/x", { headers: { "x-floodgate-whole": "1" } });
    assert.deepEqual(headers, { host: "polls.example" });
  });

  it("a request at the edge for a file gets it whole, by GET and HEAD only", () => {
    const headers = { range: "bytes=9-1", "if-match": '"x"', "if-none-match": '"y"' };
    const { headers: left } = check("/_next/static/a.css", { headers });
    assert.deepEqual(Object.keys(left), ["host", "if-none-match"]);
    assert.equal(check("/fonts/a.woff2", { method: "DELETE" }).url, "/bad-request");
    assert.equal(check("/p/x", { headers }).headers.range, "bytes=9-1");
  });

  it("a request at the edge is refused when Next can't read the page that it says it comes from", () => {
    const of = (tree: string) =>
      check("/studio", { headers: { "next-router-state-tree": tree } }).unreadable;
    const next = [
      "",
      { children: ["studio", { children: ["__PAGE__", {}, null, "refetch"] }] },
      null,
      null,
      16,
    ];
    assert.equal(of(encodeURIComponent(JSON.stringify(next))), undefined);
    assert.equal(of(JSON.stringify([["poll", "x", "d", null], {}])), undefined);
    for (const tree of [
      "x",
      "%FF",
      "[]",
      "{}",
      '["a"]',
      '["a",[]]',
      '["a",{"b":1}]',
      '["a",{},1]',
      "null",
    ]) {
      assert.equal(of(tree), "headers", tree);
    }
    assert.equal(of(`["${"a".repeat(40_000)}",{}]`), "headers");
  });
});
