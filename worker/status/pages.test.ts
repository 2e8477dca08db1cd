/** The worker's pages as HTTP, without a socket: paths, methods, headers, health, access. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SECOND, wallMs } from "#lib/base/clock.ts";
import { createLog } from "#lib/base/log.ts";
import { LogLines } from "#lib/base/log-lines.ts";
import type { ServerLists } from "#lib/model/server-list.ts";
import { books, state, summary } from "#test/support/worker-status.ts";
import { History } from "./history.ts";
import { Metrics } from "./metrics.ts";
import { type StatusDeps, statusPages } from "./pages.ts";

const token = "0123456789abcdef";
const json = "application/json";

const noServers: ServerLists = {
  newest: { version: 1, rule: "rendezvous", memcached: [], queues: [] },
  step: "settled",
  old: undefined,
};

/** The pages of a worker without servers, whose last pass finished so long ago. */
function pages({ token, agoMs = 0 }: { token?: string; agoMs?: number } = {}) {
  const worker = {
    log: createLog("test", "silent"),
    clock: { nowMs: wallMs, wrong: [] },
    flusher: { standstills: [] },
    fleet: { members: [] },
    fronts: { missing: [], waitingResults: [] },
    config: { workerToken: token, queueCopies: 1, queueMemoryPercent: 50 },
    books: { total: books },
    placement: { all: [], queueServers: [], lists: noServers },
    homes: { names: [] },
    setbacks: { count: 0, lastAtMs: undefined, restore: undefined },
  } as unknown as StatusDeps["worker"];
  const lastPass = { summary, atMs: wallMs() - agoMs, ms: 12 };
  const lines = new LogLines(10);
  lines.write("a line of the log\n");
  return statusPages({
    worker,
    state: state({ lastPass }),
    history: new History(),
    metrics: new Metrics(),
    lines,
  });
}

const get = (app: ReturnType<typeof pages>, path: string, headers: Record<string, string> = {}) =>
  app.request(path, { headers: { Host: "127.0.0.1:3001", ...headers } });

describe("the worker's pages", () => {
  it("the worker's pages answer each path with its content type, never cacheable, with a policy against scripts", async () => {
    const types = {
      "/": "text/html; charset=UTF-8",
      "/status.json": json,
      "/metrics": "text/plain; version=0.0.4; charset=utf-8",
      "/healthz": json,
    };
    for (const [path, type] of Object.entries(types)) {
      const response = await get(pages(), path);
      assert.equal(response.status, 200, path);
      assert.equal(response.headers.get("Content-Type"), type);
      assert.equal(response.headers.get("Cache-Control"), "no-store");
      assert.match(response.headers.get("Content-Security-Policy") ?? "", /^default-src 'none'/);
    }
  });

  it("the worker's pages answer 404 to an unknown path and 405 to a method that would change something", async () => {
    for (const path of ["/nothing", "/constructor", "/status.json/"]) {
      assert.equal((await get(pages(), path)).status, 404, path);
    }
    for (const method of ["POST", "DELETE", "OPTIONS"]) {
      const response = await pages().request("/healthz", { method });
      assert.equal(response.status, 405, method);
      assert.equal(response.headers.get("Cache-Control"), "no-store");
    }
  });

  it("the worker's pages answer HEAD like GET, without a body", async () => {
    const response = await pages().request("/status.json", {
      method: "HEAD",
      headers: { Host: "localhost" },
    });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("Content-Type"), json);
    assert.equal(await response.text(), "");
  });

  it("/status.json has the sentence, the books and the loss estimate", async () => {
    const status = (await (await get(pages(), "/status.json")).json()) as Record<string, unknown>;
    assert.equal(status.status, "ok");
    assert.match(String(status.sentence), /\.$/);
    assert.deepEqual(status.books, books);
    assert.ok(status.lossEstimate);
  });

  it("/ filters the log by ?log=", async () => {
    assert.match(await (await get(pages(), "/?log=LINE")).text(), /a line of the log/);
    assert.doesNotMatch(await (await get(pages(), "/?log=other")).text(), /a line of the log/);
  });

  it("/healthz answers 503 when no pass has finished for 15 s, and asks for no token", async () => {
    for (const [agoMs, status] of [
      [0, 200],
      [16 * SECOND, 503],
    ] as const) {
      const response = await pages({ token, agoMs }).request("/healthz");
      assert.equal(response.status, status);
    }
  });

  it("the worker's pages answer 403 to a foreign Host header on loopback", async () => {
    for (const path of ["/", "/status.json", "/metrics", "/nothing"]) {
      assert.equal((await get(pages(), path, { Host: "rebound.example" })).status, 403, path);
    }
  });

  it("the worker's pages answer 401 with a challenge without the token, and the page with it", async () => {
    const app = pages({ token });
    const refused = await get(app, "/");
    assert.equal(refused.status, 401);
    assert.match(refused.headers.get("WWW-Authenticate") ?? "", /^Basic realm=/);
    const bearer = { Authorization: `Bearer ${token}`, Host: "worker.example" };
    assert.equal((await get(app, "/", bearer)).status, 200);
  });
});
