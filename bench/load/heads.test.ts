import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { refuseCrossSite } from "#lib/http/same-origin.ts";
import { browserVoteHead, voteHead, votes } from "./heads.ts";

const origin = "http://localhost:3000";
const uuid = "0a1b2c3d-0000-4000-8000-000000000001";

/** The headers of a request's text. */
function headersOf(head: string): Headers {
  assert.ok(head.endsWith("\r\n\r\n"));
  assert.equal(head.indexOf("\r\n\r\n"), head.length - 4);
  const lines = head.trimEnd().split("\r\n").slice(1);
  return new Headers(lines.map(line => line.split(": ", 2) as [string, string]));
}

describe("requests of the load", () => {
  it("a head's length is that of its body", () => {
    const length = String(`${votes.bodyBefore}${uuid}${votes.bodyAfter}`.length);
    assert.equal(headersOf(voteHead("p")).get("content-length"), length);
    assert.equal(headersOf(browserVoteHead(origin, "p", "e")).get("content-length"), length);
  });

  it("a browser's vote has 14 headers beside its host, its length and its edition", () => {
    const names = [...headersOf(browserVoteHead(origin, "p", "e")).keys()];
    const own = ["host", "content-length", "floodgate-edition"];
    assert.equal(names.filter(name => !own.includes(name)).length, 14);
  });

  it("a browser's vote comes from the site's own page", () => {
    const headers = headersOf(browserVoteHead(origin, "p", "e"));
    const url = `${origin}/api/polls/p/votes`;
    assert.doesNotThrow(() => refuseCrossSite({ url, headers }, origin));
    headers.delete("sec-fetch-site");
    assert.doesNotThrow(() => refuseCrossSite({ url, headers }, origin));
  });
});
