import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { proxyToNext } from "./next-proxy.ts";

describe("proxyToNext", () => {
  const directory = mkdtempSync(join(tmpdir(), "next-proxy-"));
  const socketPath = join(directory, "socket");
  const next = createServer({ keepAliveTimeout: 0 }, (_request, response) =>
    response.writeHead(401).end("no token"),
  );
  const front = createServer((request, response) => proxyToNext(request, response, socketPath));
  before(async () => {
    await once(next.listen(socketPath), "listening");
    await once(front.listen(0, "127.0.0.1"), "listening");
  });
  after(() => {
    for (const server of [front, next]) {
      server.close();
      server.closeAllConnections();
    }
    rmSync(directory, { recursive: true, force: true });
  });

  it("proxyToNext passes on an answer that comes before the body was read", async () => {
    const { port } = front.address() as AddressInfo;
    const statuses: Record<number, number> = {};
    const body = "x".repeat(300_000);
    for (let i = 0; i < 200; i++) {
      const answer = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body });
      await answer.text();
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
    }
    assert.deepEqual(statuses, { 401: 200 });
  });

  it("proxyToNext closes the connection after the answer", { timeout: 10_000 }, async () => {
    const { port } = front.address() as AddressInfo;
    for (const method of ["GET", "POST", "HEAD"]) {
      const closed = once(next, "connection").then(([socket]) => once(socket, "close"));
      await (await fetch(`http://127.0.0.1:${port}/`, { method })).text();
      await closed;
    }
  });
});
