/**
 * What is odd about a request, mended where its meaning is clear and refused where it is not, before any route sees it:
 * Next answers much of this with 500. The front and a plain `next start` (`instrumentation.ts`) both begin here.
 *
 * Changes Node's request in place, in both forms in which it keeps headers.
 *
 * Source: RFC 9112, 3.2 (the target of a request and `Host`); RFC 9110, 10.1.1 (`Expect`).
 */
import type { IncomingMessage } from "node:http";
import { wholeHeader } from "./headers.ts";

type RequestParts = Pick<
  IncomingMessage,
  "url" | "method" | "headers" | "rawHeaders" | "httpVersionMinor"
>;

/** The part of a request that can't be read. */
export const unreadableParts = ["address", "host", "headers"] as const;
export type Unreadable = (typeof unreadableParts)[number];

/** Methods that a route can have. */
const routeMethods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** No route serves it: each answers it with 405 and the methods that it serves. */
const methodOfNoRoute = "PUT";

const usualHost = /^[a-z0-9.-]+(?::\d{1,5})?$/i;
const notInHost = /[/?#@\\]|[^\x21-\x7e]/;

/** Files that Next sends by itself. What it can't do with them it answers with 500. */
const fileOfNext = /^\/(?:_next\/|fonts\/|icon\.svg|favicon\.ico)/;
const headersOfFiles = ["range", "if-range", "if-match", "if-unmodified-since"];
/** Takes GET and HEAD, as these files do, and refuses all other methods. */
const readOnlyPath = "/bad-request";

/** Removes a header. */
export function removeHeader({ headers, rawHeaders }: RequestParts, name: string): void {
  if (headers[name] === undefined) return;
  delete headers[name];
  for (let at = rawHeaders.length - 2; at >= 0; at -= 2) {
    if (rawHeaders[at]?.toLowerCase() === name) rawHeaders.splice(at, 2);
  }
}

/** Sets a header, in place of the client's own. */
export function setHeader(request: RequestParts, name: string, value: string): void {
  removeHeader(request, name);
  request.headers[name] = value;
  request.rawHeaders.push(name, value);
}

/**
 * Checks the head of a request, and mends it.
 *
 * @param publicUrl - the site's origin; its host is the one of a request that names none (HTTP/1.0, as health checks of
 *   proxies send it).
 * @returns what makes the request unreadable; such a request must not reach a route.
 */
export function checkRequest(request: RequestParts, publicUrl: string): Unreadable | undefined {
  if (!takeTarget(request)) return "address";
  if (!takeHost(request, publicUrl)) return "host";
  // Only our own receiver sets it (`receive-by-next.ts`): whole answers would be stored by caches.
  removeHeader(request, wholeHeader);
  const { origin } = request.headers;
  // An origin that is none belongs to no page of ours; `null` says the same in a form that everybody can read.
  if (origin !== undefined && origin !== publicUrl && !isOrigin(origin)) {
    setHeader(request, "origin", "null");
  }
  const { expect } = request.headers;
  if (expect !== undefined && expect.toLowerCase() !== "100-continue") {
    removeHeader(request, "expect");
  }
  if (!routeMethods.has(request.method ?? "")) request.method = methodOfNoRoute;
  if (fileOfNext.test(request.url ?? "")) mendFileRequest(request);
  return isStateTree(request.headers["next-router-state-tree"]) ? undefined : "headers";
}

/** A file is sent whole, and without conditions that only ETags and dates of ours could answer. */
function mendFileRequest(request: RequestParts): void {
  for (const name of headersOfFiles) removeHeader(request, name);
  if (request.method !== "GET" && request.method !== "HEAD") request.url = readOnlyPath;
}

/** Brings the target into the form of a path. False when it is none. */
function takeTarget(request: RequestParts): boolean {
  const { url = "/", method } = request;
  if (url.startsWith("/")) return isDecodable(url);
  if (url === "*" && method === "OPTIONS") {
    request.url = "/";
    return true;
  }
  const absolute = /^https?:\/\/([^/?#]+)([^#]*)/i.exec(url);
  if (!absolute) return false;
  const [, authority = "", rest = ""] = absolute;
  // The Host header of such a request does not count.
  setHeader(request, "host", authority);
  request.url = rest.startsWith("/") ? rest : `/${rest}`;
  return isDecodable(request.url);
}

/** True when the path is percent-encoded UTF-8. A query is for the route to read. */
function isDecodable(url: string): boolean {
  if (!url.includes("%")) return true;
  const query = url.indexOf("?");
  try {
    decodeURIComponent(query === -1 ? url : url.slice(0, query));
    return true;
  } catch {
    return false;
  }
}

function takeHost(request: RequestParts, publicUrl: string): boolean {
  const { headers, rawHeaders, httpVersionMinor } = request;
  const { host } = headers;
  if (!host) {
    if (host === undefined && httpVersionMinor > 0) return false;
    setHeader(request, "host", new URL(publicUrl).host);
    return true;
  }
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === "host") hosts += 1;
  }
  return hosts <= 1 && isReadableHost(host);
}

/** True for the host, and maybe the port, of an address. */
export function isReadableHost(host: string): boolean {
  // A number after the colon may still be no port.
  const isUsual = usualHost.test(host) && !/:\d{5}$/.test(host);
  return isUsual || (!notInHost.test(host) && URL.canParse(`http://${host}`));
}

function isOrigin(text: string): boolean {
  return text === "null" || URL.canParse(text);
}

/** The longest that Next reads. */
const stateTreeLengthMax = 40_000;

/** True for what Next's own script sends as the page that a request comes from, and for none. */
function isStateTree(header: string | string[] | undefined): boolean {
  if (header === undefined) return true;
  const text = String(header);
  if (text.length > stateTreeLengthMax) return false;
  try {
    return isSegment(JSON.parse(decodeURIComponent(text)));
  } catch {
    return false;
  }
}

/** A segment of a page's path, those below it by the name of their slot, and what Next knows of them. */
function isSegment(value: unknown): boolean {
  if (!Array.isArray(value) || value.length > 6) return false;
  const [name, below, at, marker, flags, more] = value as unknown[];
  return (
    (typeof name === "string" || isTuple(name, 4)) &&
    typeof below === "object" &&
    below !== null &&
    !Array.isArray(below) &&
    Object.values(below).every(isSegment) &&
    (isTuple(at, 2) || isAbsent(at)) &&
    (typeof marker === "string" || isAbsent(marker)) &&
    (typeof flags === "number" || isAbsent(flags)) &&
    (typeof more === "string" || more === undefined)
  );
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null;

const isTuple = (value: unknown, length: number): boolean =>
  Array.isArray(value) && value.length === length && typeof value[0] === "string";
