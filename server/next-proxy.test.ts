import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Config } from "#lib/config/config.ts";
import { proxyToNext } from "./next-proxy.ts";

const config = {
  language: "en",
  timeZone: "Europe/Stockholm",
  siteName: "The Gazette",
  publicUrl: "http://polls.example",
} as Config;

describe("proxyToNext", () => {
  const directory = mkdtempSync(join(tmpdir(), "next-proxy-"));
  const socketPath = join(directory, "socket");
  const next = createServer({ keepAliveTimeout: 0 }, ({ url }, response) => {
    if (url === "/silent") return;
    response.writeHead(401).end("no token");
  });
  const away = new AbortController();
  // As in `serve.ts`, longer than any machine stands still: the client goes on using its connection.
  const front = createServer({ keepAliveTimeout: 75_000 }, (request, response) =>
    proxyToNext(request, response, { socketPath, away: away.signal }, config),
  );
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

  it("proxyToNext reads the rest of a body that was answered early, so that the client's next request is answered", async () => {
    const { port } = front.address() as AddressInfo;
    const bytes = 3_000_000;
    const socket = connect(port, "127.0.0.1");
    const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n`;
    socket.write(head + "x".repeat(bytes));
    await once(socket, "data");
    const nextAnswer = once(socket, "data", { signal: AbortSignal.timeout(5_000) });
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const [text] = await nextAnswer;
    assert.match(String(text), /^HTTP\/1.1 401 /);
    socket.destroy();
  });

  it("proxyToNext closes the connection after the answer", { timeout: 10_000 }, async () => {
    const { port } = front.address() as AddressInfo;
    for (const method of ["GET", "POST", "HEAD"]) {
      const closed = once(next, "connection").then(([socket]) => once(socket, "close"));
      await (await fetch(`http://127.0.0.1:${port}/`, { method })).text();
      await closed;
    }
  });

  it("proxyToNext answers a browser with a page and everybody else with a problem when nobody listens", async () => {
    const gone = join(directory, "gone");
    const alone = createServer((request, response) =>
      proxyToNext(request, response, { socketPath: gone, away: away.signal }, config),
    );
    await once(alone.listen(0, "127.0.0.1"), "listening");
    const { port } = alone.address() as AddressInfo;
    const ask = (method: string, headers: Record<string, string>) =>
      fetch(`http://127.0.0.1:${port}/studio`, { method, headers });
    try {
      const browser = { Accept: "text/html,application/xhtml+xml", "Accept-Language": "de" };
      const page = await ask("GET", browser);
      const text = await page.text();
      assert.deepEqual([page.status, page.headers.get("Retry-After")], [503, "3"]);
      assert.match(text, /<meta http-equiv="refresh" content="3"\s*\/?>/);
      assert.match(text, /lädt von selbst neu/);
      const sent = await (await ask("POST", browser)).text();
      assert.doesNotMatch(sent, /http-equiv="refresh"/);
      assert.match(sent, /senden Sie es noch einmal/);
      assert.equal(await (await ask("HEAD", browser)).text(), "");
      const program = await ask("GET", { Accept: "application/json" });
      assert.equal(program.headers.get("Content-Type"), "application/problem+json");
      assert.ok(program.headers.has("Retry-After"));
      assert.equal(((await program.json()) as { code: string }).code, "overloaded");
    } finally {
      alone.close();
      alone.closeAllConnections();
    }
  });

  it("proxyToNext refuses a request that only asks as soon as the Next process is known to be silent", async () => {
    const { port } = front.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/silent`;
    const arrived = () => once(next, "request");
    const [page] = [fetch(url), await arrived()];
    const [edit] = [fetch(url, { method: "POST", body: "x" }), await arrived()];
    const answered: string[] = [];
    void edit.then(() => answered.push("edit"));
    away.abort();
    assert.equal((await page).status, 503);
    assert.deepEqual(answered, []);
    next.closeAllConnections();
    assert.equal((await edit).status, 503);
  });
});
