import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { describe, it } from "node:test";
import { sleep } from "#lib/base/clock.ts";
import { FaultProxy } from "./fault-proxy.ts";

describe("FaultProxy", () => {
  it("FaultProxy passes the first bytes of a cut answer behind the answers that it delays", async () => {
    const echo = createServer(socket => socket.on("data", request => socket.write(request)));
    echo.listen(0, "127.0.0.1");
    await once(echo, "listening");
    const { port } = echo.address() as AddressInfo;
    const proxy = await FaultProxy.start({ host: "127.0.0.1", port });
    const client = connect(proxy.address);
    let received = "";
    client.on("data", part => (received += part.toString("latin1"))).on("error", () => {});
    const closed = new Promise(resolve => client.on("close", resolve));
    try {
      proxy.delay(50);
      // Longer than the first answer, which therefore passes whole.
      proxy.cutAnswer(9);
      client.write("first, ");
      // So that they are two answers; on a machine that stands still they may be one.
      await sleep(15);
      client.write("and then the second");
      await closed;
      assert.notEqual(received, "");
      assert.ok("first, and then the second".startsWith(received), received);
    } finally {
      client.destroy();
      await proxy.stop();
      echo.close();
    }
  });
});
