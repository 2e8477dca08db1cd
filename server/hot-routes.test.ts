import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hotRoute } from "./hot-routes.ts";

describe("hot routes", () => {
  it("hot routes are found by method and path, whatever the query", () => {
    assert.deepEqual(hotRoute("GET", "/api/polls/a-b/results?after=1")?.params, { poll: "a-b" });
    assert.deepEqual(hotRoute("POST", "/api/polls/x/votes")?.params, { poll: "x" });
    assert.deepEqual(hotRoute("GET", "/assets/reader-a_b.js")?.params, { file: "reader-a_b.js" });
    assert.deepEqual(hotRoute("GET", "/?x")?.params, {});
    assert.notEqual(hotRoute("GET", "/p/x")?.handler, hotRoute("GET", "/p/x/results")?.handler);
  });

  it("routes of readers' pages and results have a fast path", () => {
    const urls = ["/api/polls/x/results", "/p/x", "/p/x/results", "/embed/x", "/embed/x/results"];
    for (const url of urls) assert.ok(hotRoute("GET", url)?.ready, url);
    assert.equal(hotRoute("GET", "/api/polls/x/results/stream")?.ready, undefined);
  });

  it("hot routes do not match other methods and paths", () => {
    for (const [method, url] of [
      ["GET", "/api/polls/x/votes"],
      ["PATCH", "/api/polls/x"],
      ["HEAD", "/p/x"],
      ["POST", "/api/polls"],
      ["GET", "/api/polls/"],
      ["GET", "/api/polls/a%2Fb"],
      ["GET", "/p/.."],
      ["GET", "/p/x/"],
      ["GET", "/p/x/results/more"],
      // The Next process draws it: never a process that takes votes.
      ["GET", "/p/x/og.png"],
      ["GET", "/studio"],
      ["GET", "/constructor"],
      ["GET", "http://elsewhere/p/x"],
      ["", ""],
    ] as const) {
      assert.equal(hotRoute(method, url), undefined, `${method} ${url}`);
    }
  });
});
