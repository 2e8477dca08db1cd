/**
 * Reads `DATABASE_URL`. Every part of it is used or refused.
 *
 * Invariant: no message repeats a part of the address, because a password with a wrong character may turn up in any
 *   part of it.
 */
import { isIP } from "node:net";
import { isAbsolute } from "node:path";
import { type DatabaseTls, readTls } from "./database-tls.ts";
import { readHost } from "./host-names.ts";
import { isLoopback } from "./loopback.ts";

export interface DatabaseServer {
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
  /** A unix socket, used instead of host and port. */
  readonly socketPath?: string;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Missing: connections are not encrypted. */
  readonly tls?: DatabaseTls;
}

const defaultPort = 3306;
const portMax = 65_535;
const databaseNameMax = 64;
const encode = "percent-encode a user or password with characters like @ : / ? # %";
/** Other names of the same parameter. */
const names: Readonly<Record<string, string>> = { socketpath: "socket", unixsocket: "socket" };
const known = ["ssl-mode", "ssl", "ssl-ca", "ssl-cert", "ssl-key", "socket"];
const plain = (name: string) => name.toLowerCase().replaceAll(/[-_]/g, "");
const knownPlain = new Set(known.map(plain));

/**
 * Reads an address like `mysql://user:password@host:3306/database?ssl-mode=REQUIRED`. Reads the files of certificates.
 *
 * @throws RangeError with the rest of a sentence that begins with the setting's name.
 */
export function readDatabaseUrl(text: string): DatabaseServer {
  const { url, hasHost } = parsed(text);
  const user = decoded(url.username);
  const password = decoded(url.password);
  if (user === "") throw new RangeError(`must name a user before the host (${encode})`);
  if (url.hash !== "") throw new RangeError(`must not have a # (${encode})`);
  const parameters = parametersOf(url);
  const socketPath = parameters.get("socket");
  const tls = readTls(parameters);
  if (socketPath === undefined && !hasHost) {
    throw new RangeError("must name a host, or a unix socket with ?socket=…");
  }
  const place = socketPath === undefined ? placeOf(url) : socketOf(url, socketPath, tls);
  if (tls?.verifyIdentity && isIP(place.host)) {
    // The driver would compare the certificate with the name localhost.
    throw new RangeError("must name the host by its name, not its number, to verify its identity");
  }
  return { ...place, user, password, database: databaseOf(url), ...(tls && { tls }) };
}

/** True when what is sent to the server leaves this machine. */
export const isRemote = ({ host, socketPath }: DatabaseServer): boolean =>
  socketPath === undefined && !isLoopback(host);

/** The parts of the text. For an address without a host, which is none to a URL, the host is localhost. */
function parsed(text: string): { readonly url: URL; readonly hasHost: boolean } {
  const [, authority = ""] = /^(?:mysql|mariadb):\/\/([^/?#]*)/i.exec(text) ?? [];
  if (!/^(?:mysql|mariadb):\/\//i.test(text)) {
    throw new RangeError("must be mysql://user:password@host:port/database, or mariadb://…");
  }
  // An address is parsed without them, so that they would be left out in silence.
  if (/\s/.test(text)) throw new RangeError("must not contain spaces or line breaks");
  const place = authority.slice(authority.lastIndexOf("@") + 1);
  if (place.includes(",")) {
    throw new RangeError("must name one host: the primary, or a proxy that leads to it");
  }
  const [, port] = /:(\d+)$/.exec(place) ?? [];
  if (port && !(Number(port) >= 1 && Number(port) <= portMax)) {
    throw new RangeError(`must have a port from 1 to ${portMax}`);
  }
  const hasHost = place !== "";
  const url = URL.parse(hasHost ? text : text.replace(authority, `${authority}localhost`));
  if (!url) throw new RangeError(`must be mysql://user:password@host:port/database; ${encode}`);
  return { url, hasHost };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RangeError("must have two hexadecimal digits after each %; % itself is %25");
  }
}

function placeOf({ hostname, port }: URL): { host: string; port: number } {
  const host = readHost(decoded(hostname));
  if (host === undefined) throw new RangeError(`must name a host or an IP address; ${encode}`);
  return { host, port: port === "" ? defaultPort : Number(port) };
}

function socketOf(url: URL, socketPath: string, tls: DatabaseTls | undefined) {
  if (!isAbsolute(socketPath)) throw new RangeError("must name a socket by its absolute path");
  if (url.hostname !== "localhost" || url.port !== "") {
    throw new RangeError("must not name a host or a port beside a socket, except localhost");
  }
  if (tls) throw new RangeError("must not ask for TLS on a unix socket, which does not leave here");
  return { host: "localhost", port: defaultPort, socketPath };
}

function databaseOf({ pathname }: URL): string {
  const name = decoded(pathname.slice(1));
  if (name === "") throw new RangeError("must name a database after the host: …/database");
  if (name.includes("/") || name.length > databaseNameMax) {
    throw new RangeError(
      `must name one database of at most ${databaseNameMax} characters, without a slash`,
    );
  }
  return name;
}

function parametersOf({ search, searchParams }: URL): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [written, value] of searchParams) {
    const name = names[plain(written)] ?? plain(written);
    if (!knownPlain.has(name)) {
      // With an @, it may be a piece of a password.
      const safe = /^[a-z][a-z_-]{1,40}$/i.test(written) && !search.includes("@");
      const which = safe ? `; take out ${written}` : "";
      throw new RangeError(`must have no parameters but ${known.join(", ")}${which}`);
    }
    if (found.has(name)) throw new RangeError(`must have ${written} only once`);
    if (value === "") throw new RangeError(`must have a value for ${written}, or not have it`);
    found.set(name, value);
  }
  return found;
}
