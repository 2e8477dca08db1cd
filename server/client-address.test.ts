import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { describe, it } from "node:test";
import { ConfigError } from "#lib/config/config.ts";
import { clientAddress, proxyList, stampAddress } from "./client-address.ts";

function request(peer: string, headers: Record<string, string> = {}): IncomingMessage {
  const rawHeaders = Object.entries(headers).flat();
  return { socket: { remoteAddress: peer }, headers, rawHeaders } as unknown as IncomingMessage;
}

const forwarded = (value: string) => ({ "x-forwarded-for": value });

describe("client address", () => {
  it("client address is the peer's address, whatever headers an untrusted peer sends", () => {
    const nobody = proxyList([]);
    assert.equal(
      clientAddress(request("192.0.2.1", forwarded("198.51.100.9")), nobody),
      "192.0.2.1",
    );
    assert.equal(clientAddress(request("::ffff:192.0.2.1"), nobody), "192.0.2.1");
  });

  it("client address is the right-most forwarded address that is not a trusted proxy", () => {
    const proxies = proxyList(["10.0.0.0/8", "2001:db8::1"]);
    const of = (peer: string, header: string) =>
      clientAddress(request(peer, forwarded(header)), proxies);
    assert.equal(of("10.0.0.1", "203.0.113.7"), "203.0.113.7");
    assert.equal(of("10.0.0.1", "1.1.1.1, 203.0.113.7, 10.0.0.2"), "203.0.113.7");
    assert.equal(of("2001:db8::1", "203.0.113.7"), "203.0.113.7");
    assert.equal(of("::ffff:10.0.0.1", "203.0.113.7"), "203.0.113.7");
    assert.equal(of("10.0.0.1", "nonsense"), "10.0.0.1");
    assert.equal(of("192.0.2.1", "203.0.113.7"), "192.0.2.1");
  });

  it("client address replaces every forwarding header that came with the request", () => {
    const headers: Record<string, string> = {
      ...forwarded("198.51.100.9"),
      "x-forwarded-host": "evil.example",
      "x-middleware-subrequest": "middleware",
      "x-floodgate-client": "127.0.0.1",
      accept: "text/html",
    };
    const incoming = request("192.0.2.1", headers);
    stampAddress(incoming, proxyList([]));
    assert.deepEqual(incoming.headers, { accept: "text/html", "x-floodgate-client": "192.0.2.1" });
    assert.deepEqual(incoming.rawHeaders, [
      "accept",
      "text/html",
      "x-floodgate-client",
      "192.0.2.1",
    ]);
  });

  it("client address rejects a proxy list with an entry that is no address or network", () => {
    for (const entry of ["proxy.example", "10.0.0.0/33", "::1/129", "10.0.0.0/x"]) {
      assert.throws(() => proxyList([entry]), ConfigError, entry);
    }
  });
});
