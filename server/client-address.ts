/**
 * The client's address. Forwarding headers are believed only from the configured proxies, and `X-Forwarded-For` is
 * read from the right: its left end is under the client's control.
 *
 * Invariant: no forwarding header that a client sent reaches a route; routes rely on `clientAddressHeader` alone.
 */

import type { IncomingMessage } from "node:http";
import { BlockList, isIP, isIPv4 } from "node:net";
import { ConfigError } from "#lib/config/config.ts";
import { clientAddressHeader } from "#lib/http/headers.ts";

const stripped = [
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-proto",
  "x-real-ip",
  "forwarded",
  "x-middleware-subrequest",
  "x-middleware-rewrite",
  "x-middleware-next",
  clientAddressHeader,
];

/**
 * A list of addresses and networks.
 *
 * @throws ConfigError that names the first entry which is neither.
 */
export function proxyList(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = "", prefix] = entry.split("/");
    const family = isIP(address);
    const bits = prefix === undefined ? (family === 4 ? 32 : 128) : Number(prefix);
    const most = family === 4 ? 32 : 128;
    if (family === 0 || !Number.isInteger(bits) || bits < 0 || bits > most) {
      throw new ConfigError([`FLOODGATE_TRUSTED_PROXIES: ${entry} is not an address or network`]);
    }
    list.addSubnet(address, bits, family === 4 ? "ipv4" : "ipv6");
  }
  return list;
}

/** An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) as IPv4. */
function plain(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  return mapped?.[1] ?? address;
}

/** The peer's address; behind trusted proxies, the right-most address that is not a trusted proxy. */
export function clientAddress(request: IncomingMessage, proxies: BlockList): string {
  // The common case; checking against an empty list costs as much as against a full one.
  if (proxies.rules.length === 0) return plain(request.socket.remoteAddress ?? "");
  const trusted = (address: string) => proxies.check(address, isIPv4(address) ? "ipv4" : "ipv6");
  let address = plain(request.socket.remoteAddress ?? "");
  const header = request.headers["x-forwarded-for"];
  const hops = (Array.isArray(header) ? header.join(",") : (header ?? "")).split(",");
  while (isIP(address) && trusted(address) && hops.length > 0) {
    const next = plain(hops.pop()?.trim() ?? "");
    if (!isIP(next)) break;
    address = next;
  }
  return address;
}

/** Removes a client's forwarding headers and adds `clientAddressHeader`, in both forms in which Node keeps headers. */
export function stampAddress(request: IncomingMessage, proxies: BlockList): void {
  const address = clientAddress(request, proxies);
  const { headers, rawHeaders } = request;
  for (const name of stripped) {
    if (headers[name] === undefined) continue;
    delete headers[name];
    for (let at = rawHeaders.length - 2; at >= 0; at -= 2) {
      if (rawHeaders[at]?.toLowerCase() === name) rawHeaders.splice(at, 2);
    }
  }
  headers[clientAddressHeader] = address;
  rawHeaders.push(clientAddressHeader, address);
}
