/** The types of settings, and how their texts are parsed. */
import { isIP, isIPv6 } from "node:net";
import { z } from "zod";
import { readDatabaseUrl } from "./database-url.ts";
import { hostInAddress, readHost } from "./host-names.ts";
import { isLoopback } from "./loopback.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, as settings, logs and the list of servers write it. */
export const addressText = ({ host, port }: Address): string => `${hostInAddress(host)}:${port}`;

/** Which part of `docs/configuration.md` a setting is in. */
export type Tier = "needed" | "common" | "tuning";

/** What `docs/configuration.md` says about a setting. */
export interface SettingMeta {
  /** The environment variable. */
  readonly name: string;
  readonly tier: Tier;
  readonly doc: string;
  readonly unit?: string;
  readonly secret?: boolean;
}

export const setting = <T extends z.ZodType>(
  name: string,
  schema: T,
  meta: Omit<SettingMeta, "name">,
): T => schema.meta({ name, ...meta }) as T;

export function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, error)
    .transform(Number)
    .pipe(z.number().min(min, error).max(max, error));
}

export function text(max: number) {
  const error = `must have from 1 to ${max} characters`;
  return z.string().min(1, error).max(max, error);
}

export const oneOf = <const T extends readonly string[]>(values: T) =>
  z.enum(values, { error: `must be one of ${values.join(", ")}` });

const parts = z.string().transform(text => text.split(",").map(part => part.trim()));

/** Parts separated by commas, or none. */
export const list = parts.transform(all => all.filter(part => part.length > 0));

/** Texts separated by commas, or a JSON list of texts, which may contain commas. */
export const textList = z.string().transform((text, context): string[] => {
  if (!text.startsWith("[")) return list.parse(text);
  const texts = z.array(z.string()).safeParse(parsedJson(text));
  if (texts.success) return texts.data;
  context.addIssue("must be a JSON list of texts, when it begins with [");
  return z.NEVER;
});

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const portMax = 65_535;
const serversMax = 16;

/** Servers as host:port. A message has a server's number, not its text, which might hold a password. */
export const addresses = parts.transform((all, context): Address[] => {
  const read = all.map(parseAddress);
  const wrong = read.findIndex(each => typeof each === "string");
  const found = read.filter(each => typeof each !== "string");
  if (all.length > serversMax) context.addIssue(`must be at most ${serversMax} servers`);
  else if (wrong >= 0) {
    const which = all.length > 1 ? `server ${wrong + 1} ` : "it ";
    context.addIssue(`must be host:port, separated by commas; ${which}${read[wrong]}`);
  } else if (new Set(found.map(sameText)).size < found.length) {
    context.addIssue("must name each server once");
  } else return found;
  return z.NEVER;
});

/** An address from `host:port`, with IPv6 addresses in brackets; or what is wrong with it. */
function parseAddress(text: string): Address | string {
  if (text === "") return "is empty";
  if (text.includes("://")) return "begins with a scheme: take it out";
  if (text.includes("@")) return "has a user name: servers are used without one";
  if (text.includes("/")) return "is a path: unix sockets are not supported";
  const [, written = "", digits = ""] = /^(.*):(\d*)$/.exec(text) ?? [];
  if (digits === "" || isIP(text)) return "has no port (IPv6 addresses stand in brackets)";
  const [host, port] = [readHost(written), Number(digits)];
  if (host === undefined || written.includes(":") !== written.startsWith("[")) {
    return "has no valid host";
  }
  return port >= 1 && port <= portMax ? { host, port } : `has a port that is not 1 to ${portMax}`;
}

/** Equal for addresses that differ only in how they are written. */
const sameText = ({ host, port }: Address): string =>
  isLoopback(host) ? `loopback:${port}` : `${host.toLowerCase()}:${port}`;

/** The text of the address: what connects reads it again. */
export const databaseUrl = z.string().transform((text, context): string => {
  try {
    readDatabaseUrl(text);
    return text;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    context.addIssue(error.message);
    return z.NEVER;
  }
});

/** What a program listens on. */
export const host = z.string().transform((text, context): string => {
  const read = readHost(text);
  if (read !== undefined) return read;
  context.addIssue("must be an IP address or a host name, without scheme and port");
  return z.NEVER;
});

const onlyIpv4 = "must be an IPv4 address or a host name";

/** The same for what uses IPv4 only. */
export const hostOfIpv4 = host.refine(text => !isIPv6(text), onlyIpv4);
export const addressesOfIpv4 = addresses.refine(
  all => all.every(each => !isIPv6(each.host)),
  `${onlyIpv4}, with a port`,
);

/** IP addresses and networks (CIDR). */
export const networks = list.pipe(
  z.array(
    z
      .string()
      .refine(
        isNetwork,
        "must be IP addresses or networks, like 10.0.0.5, 10.0.0.0/8 or fd00::/8, separated by commas",
      ),
  ),
);

function isNetwork(text: string): boolean {
  const [, address = "", prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  return family !== 0 && Number(prefix ?? 0) <= (family === 4 ? 32 : 128);
}

export const timeZone = z
  .string()
  .refine(isTimeZone, "must be an IANA time zone, like Europe/Stockholm");

/** A letter first: Intl takes offsets like +02:00 as well, which know no summer time. */
function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return /^[a-z]/i.test(name);
  } catch {
    return false;
  }
}

/** An origin in its normal form: lower case, in ASCII, without the scheme's own port and without a slash. */
export const origin = z.string().transform((text, context): string => {
  const read = readOrigin(text);
  if (read.origin !== undefined) return read.origin;
  context.addIssue(read.wrong);
  return z.NEVER;
});

type ReadOrigin = { readonly origin: string } | { readonly origin?: never; readonly wrong: string };

function readOrigin(text: string): ReadOrigin {
  if (!/^https?:\/\//i.test(text)) {
    return { wrong: "must be an address that begins with https:// or http://" };
  }
  const url = URL.parse(text);
  if (!url || /[\s\\]/.test(text) || readHost(url.hostname) === undefined || url.port === "0") {
    return { wrong: `must be like https://polls.example, with a port from 1 to ${portMax} if any` };
  }
  if (url.username !== "" || url.password !== "") {
    return { wrong: "must be without user name and password" };
  }
  if (!/^https?:\/\/[^/?#]+\/?$/i.test(text)) {
    return { wrong: "must be an origin, without a path, a query or a #" };
  }
  return { origin: url.origin };
}

/** Origins whose first label may be a `*`. */
export const originPatterns = list.transform((all, context): string[] => {
  const read = all.map(text => {
    const wildcard = /^(https?:\/\/)\*\.(?=[^./])/i.exec(text);
    const plain = wildcard ? text.replace("*.", "") : text;
    const { origin } = readOrigin(plain);
    return wildcard && origin ? origin.replace("://", "://*.") : origin;
  });
  const origins = read.filter(each => each !== undefined);
  if (origins.length === all.length) return origins;
  context.addIssue("must be origins, like https://news.example or https://*.news.example");
  return z.NEVER;
});

/**
 * A value without white space and a pair of quotes around it, as files for systemd, containers and shells leave them.
 * `trim` removes a byte order mark, too.
 */
export function unwrapped(text: string): string {
  const inner = text.trim();
  return /^(["']).*\1$/s.test(inner) && inner.length > 1 ? inner.slice(1, -1).trim() : inner;
}
