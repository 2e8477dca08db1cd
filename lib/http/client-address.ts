/**
 * The client's address. Forwarding headers are believed only from the configured proxies, and are read from the right:
 * their left end is under the client's control.
 *
 * Proxies write an address in many ways: with a port, in brackets, in quotes, as `unknown`, in several header lines, and
 * in `Forwarded` instead of `X-Forwarded-For`. Where both headers are present, `X-Forwarded-For` counts.
 *
 * Invariant: no forwarding header that a client sent reaches a route; routes rely on `clientAddressHeader` alone.
 *
 * Source: RFC 7239 (`Forwarded`), section 6 for the forms of an address.
 */

import type { IncomingMessage } from "node:http";
import { BlockList, isIP, isIPv4, SocketAddress } from "node:net";
import { ConfigError } from "../config/config.ts";
import { clientAddressHeader } from "./headers.ts";
import { removeHeader } from "./request-check.ts";

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

const isIn = (list: BlockList, address: string): boolean =>
  list.check(address, isIPv4(address) ? "ipv4" : "ipv6");

/** Networks that no reader comes from: a peer there that names a client is a proxy. */
const privateNetworks = proxyList([
  "127.0.0.0/8",
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "::1",
  "fc00::/7",
]);

/** An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) as IPv4. */
function plain(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  return mapped?.[1] ?? address;
}

/** One hop of a forwarding header as an address in its usual form; `undefined` when it is none. */
function addressOf(hop: string): string | undefined {
  const text = hop.replace(/^"(.*)"$/, "$1").trim();
  const inside =
    /^\[([^\]]*)\](?::[\w.-]+)?$/.exec(text)?.[1] ?? /^([\d.]+):[\w.-]+$/.exec(text)?.[1] ?? text;
  const address = inside.replace(/%.*$/, "");
  if (isIPv4(address)) return address;
  if (isIP(address) === 0) return undefined;
  return plain(new SocketAddress({ address, family: "ipv6" }).address);
}

const quoted = /"(?:\\.|[^"\\])*"/.source;
/** An element of a `Forwarded` list: it ends at a comma outside quotes. */
const forwardedElement = new RegExp(`(?:${quoted}|[^,"])+`, "g");
const forParameter = new RegExp(`(?:^|;)\\s*for\\s*=\\s*(${quoted}|[^;"\\s]+)`, "i");

/** The hops that the forwarding headers name, the nearest last. Lines of one name are one list. */
function hopsOf({ headers }: Pick<IncomingMessage, "headers">): string[] {
  const named = headers["x-forwarded-for"];
  if (named !== undefined) {
    return String(named)
      .split(",")
      .map(hop => hop.trim())
      .filter(hop => hop !== "");
  }
  const elements = headers.forwarded?.match(forwardedElement) ?? [];
  return elements
    .filter(element => element.trim() !== "")
    .map(element => forParameter.exec(element.trim())?.[1] ?? "");
}

/**
 * What is wrong with the way that proxies name clients. `unreadable`: a trusted proxy names one with something that is no
 * address. `proxy_not_trusted`: a proxy on a private network names one, and is not in the list.
 */
export type AddressFault = "unreadable" | "proxy_not_trusted";

export interface ClientAddress {
  readonly address: string;
  readonly fault?: AddressFault;
}

type Peered = Pick<IncomingMessage, "headers"> & {
  readonly socket: { readonly remoteAddress?: string | undefined };
};

/** The peer's address; behind trusted proxies, the right-most address that is not a trusted proxy. */
export function clientAddress(request: Peered, proxies: BlockList): ClientAddress {
  const { headers, socket } = request;
  let address = plain(socket.remoteAddress ?? "");
  // The common case: checking against a list costs more than all the rest.
  if (headers["x-forwarded-for"] === undefined && headers.forwarded === undefined)
    return { address };
  if (!isIP(address)) return { address };
  if (!isIn(proxies, address)) {
    return isIn(privateNetworks, address) ? { address, fault: "proxy_not_trusted" } : { address };
  }
  const hops = hopsOf(request);
  while (isIn(proxies, address)) {
    const hop = hops.pop();
    if (hop === undefined) break;
    const next = addressOf(hop);
    if (next === undefined) return { address, fault: "unreadable" };
    address = next;
  }
  return { address };
}

/** Removes a client's forwarding headers and adds `clientAddressHeader`, in both forms in which Node keeps headers. */
export function stampAddress(
  request: IncomingMessage,
  proxies: BlockList,
): AddressFault | undefined {
  const { address, fault } = clientAddress(request, proxies);
  for (const name of stripped) removeHeader(request, name);
  request.headers[clientAddressHeader] = address;
  request.rawHeaders.push(clientAddressHeader, address);
  return fault;
}
