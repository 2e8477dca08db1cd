import assert from "node:assert/strict";
import { createServer } from "node:net";
import { describe, it } from "node:test";
import { freePort } from "./ports.ts";

describe("freePort", () => {
  it("freePort gives a port once, to however many ask", async () => {
    const ports = await Promise.all(Array.from({ length: 200 }, () => freePort()));
    assert.equal(new Set(ports).size, ports.length);
  });

  it("freePort gives ports that can be listened on and that no outgoing connection takes", async () => {
    const port = await freePort();
    assert.ok(port < 32_768, `${port}`);
    const server = createServer();
    await new Promise<void>(resolve => server.listen(port, "127.0.0.1", resolve));
    server.close();
  });
});
