import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { describe, it } from "node:test";
import { ConfigError } from "../config/config.ts";
import { clientAddress, proxyList, stampAddress } from "./client-address.ts";

const addressOf = (request: IncomingMessage, proxies: ReturnType<typeof proxyList>) =>
  clientAddress(request, proxies).address;

function request(peer: string, headers: Record<string, string> = {}): IncomingMessage {
  const rawHeaders = Object.entries(headers).flat();
  return { socket: { remoteAddress: peer }, headers, rawHeaders } as unknown as IncomingMessage;
}

const forwarded = (value: string) => ({ "x-forwarded-for": value });

describe("client address", () => {
  it("client address is the peer's address, whatever headers an untrusted peer sends", () => {
    const noProxies = proxyList([]);
    assert.equal(
      addressOf(request("192.0.2.1", forwarded("198.51.100.9")), noProxies),
      "192.0.2.1",
    );
    assert.equal(addressOf(request("::ffff:192.0.2.1"), noProxies), "192.0.2.1");
  });

  it("client address is the right-most forwarded address that is not a trusted proxy", () => {
    const proxies = proxyList(["10.0.0.0/8", "2001:db8::1"]);
    const of = (peer: string, header: string) =>
      addressOf(request(peer, forwarded(header)), proxies);
    assert.equal(of("10.0.0.1", "203.0.113.7"), "203.0.113.7");
    assert.equal(of("10.0.0.1", "1.1.1.1, 203.0.113.7, 10.0.0.2"), "203.0.113.7");
    assert.equal(of("2001:db8::1", "203.0.113.7"), "203.0.113.7");
    assert.equal(of("::ffff:10.0.0.1", "203.0.113.7"), "203.0.113.7");
    assert.equal(of("10.0.0.1", "nonsense"), "10.0.0.1");
    assert.equal(of("192.0.2.1", "203.0.113.7"), "192.0.2.1");
  });

  const behind = (header: Record<string, string>) =>
    clientAddress(request("10.0.0.1", header), proxyList(["10.0.0.0/8", "2001:db8::/64"]));

  it("client address is each reader's own, in every form in which proxies write it", () => {
    const forms = {
      "203.0.113.7:5123": "203.0.113.7",
      " 203.0.113.7 ": "203.0.113.7",
      '"203.0.113.7"': "203.0.113.7",
      '"203.0.113.7:5123"': "203.0.113.7",
      "[2001:db8:1::7]:5123": "2001:db8:1::7",
      "[2001:db8:1::7]": "2001:db8:1::7",
      "2001:DB8:1:0:0::7": "2001:db8:1::7",
      '"[2001:db8:1::7]:5123"': "2001:db8:1::7",
      "fe80::1%eth0": "fe80::1",
      "::ffff:203.0.113.7": "203.0.113.7",
      "::ffff:cb00:7107": "203.0.113.7",
      "203.0.113.7:5123, 10.0.0.2:80": "203.0.113.7",
      "unknown, 203.0.113.7": "203.0.113.7",
      "203.0.113.7,,": "203.0.113.7",
    };
    for (const [form, address] of Object.entries(forms)) {
      assert.deepEqual(behind(forwarded(form)), { address }, form);
    }
  });

  it("client address is read from Forwarded where a proxy sends no X-Forwarded-For", () => {
    const forms = {
      "for=203.0.113.7": "203.0.113.7",
      'For="203.0.113.7:5123";proto=https;by=10.0.0.1': "203.0.113.7",
      'proto=https; for="[2001:db8:1::7]:5123"': "2001:db8:1::7",
      'for=198.51.100.1, for=203.0.113.7, for="10.0.0.2"': "203.0.113.7",
      'host="a,for=1.1.1.1";for=203.0.113.7': "203.0.113.7",
    };
    for (const [form, address] of Object.entries(forms)) {
      assert.deepEqual(behind({ forwarded: form }), { address }, form);
    }
    const both = { forwarded: "for=198.51.100.1", ...forwarded("203.0.113.7") };
    assert.equal(behind(both).address, "203.0.113.7");
  });

  it("client address is the proxy's, and says so, when a trusted proxy names no address", () => {
    const unreadable = { address: "10.0.0.1", fault: "unreadable" };
    for (const form of [
      "unknown",
      "_hidden",
      "proxy.example",
      "203.0.113",
      "[::1",
      "203.0.113.7:a b",
    ]) {
      assert.deepEqual(behind(forwarded(form)), unreadable, form);
    }
    for (const form of ["for=unknown", "for=_hidden", "proto=https", 'for="', "nonsense"]) {
      assert.deepEqual(behind({ forwarded: form }), unreadable, form);
    }
  });

  it("client address says that a proxy on a private network is not trusted", () => {
    const from = (peer: string) =>
      clientAddress(request(peer, forwarded("203.0.113.7")), proxyList([]));
    for (const peer of ["127.0.0.1", "10.0.0.1", "::1", "fd00::1", "192.168.1.4"]) {
      assert.deepEqual(from(peer), { address: peer, fault: "proxy_not_trusted" });
    }
    assert.deepEqual(from("192.0.2.1"), { address: "192.0.2.1" });
    assert.deepEqual(clientAddress(request("127.0.0.1"), proxyList([])), { address: "127.0.0.1" });
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
