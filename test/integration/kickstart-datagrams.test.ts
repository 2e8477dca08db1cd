/** The kickstart over real UDP: datagrams from a burst and from strangers. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { describe, it } from "node:test";
import { createLog } from "#lib/base/log.ts";
import { Kickstart } from "#lib/queue/kickstart.ts";
import { freePort, waitUntil } from "#scripts/services/ports.ts";
import { KickstartListener } from "../../worker/kickstart-listener.ts";

const log = createLog("test", "silent");

describe("the kickstart", () => {
  it("a burst of votes sends one kickstart, and one more for votes after it", async t => {
    const port = await freePort();
    const listener = new KickstartListener(log);
    await listener.listen("127.0.0.1", port);
    const kickstart = new Kickstart([{ host: "127.0.0.1", port }]);
    t.after(() => [kickstart, listener].map(each => each.close()));
    for (let i = 0; i < 1_000; i++) kickstart.send();
    await waitUntil("the second datagram", async () => listener.datagrams === 2);
    kickstart.send();
    await waitUntil("the next burst's", async () => listener.datagrams === 3);
  });

  it("the kickstart listener starts a pass for any datagram and ignores its content", async t => {
    const port = await freePort();
    const listener = new KickstartListener(log);
    await listener.listen("127.0.0.1", port);
    const stranger = createSocket("udp4");
    t.after(() => [stranger, listener].map(each => each.close()));
    const forged = [Buffer.alloc(0), Buffer.alloc(1_400, 0xff), Buffer.from('{"shutdown":true}')];
    for (const payload of forged) stranger.send(payload, port, "127.0.0.1");
    await waitUntil("all of them", async () => listener.datagrams === forged.length);
    await listener.wait(60_000, new AbortController().signal);
  });

  it("kickstarts fail silently when the port is taken or the worker does not listen", async t => {
    const taken = createSocket("udp4").bind(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address();
    const listener = new KickstartListener(log);
    await listener.listen("127.0.0.1", port);
    await listener.wait(1, new AbortController().signal);
    const kickstart = new Kickstart([{ host: "127.0.0.1", port: await freePort() }]);
    t.after(() => [kickstart, listener, taken].map(each => each.close()));
    kickstart.send();
    await new Promise(resolve => setImmediate(resolve));
    kickstart.send();
  });
});
