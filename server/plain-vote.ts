/**
 * Recognises plain votes: the one form of request that a serving process answers without Node's HTTP parser.
 *
 * ```
 * POST /api/polls/{slug}/votes HTTP/1.1     the whole request is in one chunk, with nothing behind it
 * Name: value                               header lines in their strict form, at most 8 kB
 * Host: …  Content-Type: application/json  Content-Length: …       each exactly once
 * {…}                                       as many bytes as announced
 * ```
 *
 * It is a predicate and no parser: what it does not know (another encoding, an expectation, an upgrade, a header twice) it
 * leaves to Node's, bytes and all.
 *
 * Invariant: what it accepts, Node's parser accepts, with the same method, path, headers and body, and nothing behind it.
 *   `plain-vote.test.ts` holds it against that parser.
 */
import { bodyBytesMax } from "#lib/http/body.ts";
import { isReadableHost } from "#lib/http/request-check.ts";
import type { RequestHead } from "#lib/http/request-head.ts";
import type { Slug } from "#lib/model/ids.ts";
import { isSlug } from "#lib/polls/schema.ts";
import { voterHeader } from "#lib/voters/identity.ts";
import { editionHeader } from "#lib/web/answer-vote.ts";

const lineStart = "POST /api/polls/";
const lineEnd = "/votes HTTP/1.1\r\n";
const slugLengthMax = 80;
const headBytesMax = 8 * 1024;
/** Lines of a name and a value without blanks around it; then the empty line. */
const headerLines =
  /(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: (?:[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)?\r\n)+\r\n/y;
const canonicalLength = /^[1-9]\d{0,4}$/;

/** Headers that a vote's answer depends on. */
const readHeaders = [
  "host",
  "content-type",
  "content-length",
  "connection",
  "cookie",
  "origin",
  "sec-fetch-site",
  "x-forwarded-for",
  "forwarded",
  voterHeader,
  editionHeader,
];
/** With one of these, the request is not plain. */
const foreignHeaders = [
  "transfer-encoding",
  "content-encoding",
  "expect",
  "upgrade",
  "trailer",
  "proxy-connection",
  "next-router-state-tree",
];
const known = new Set([...readHeaders, ...foreignHeaders]);
const knownLengths = new Set([...known].map(name => name.length));

/** The head of a plain vote, and where its body begins. */
export class PlainVote implements RequestHead {
  readonly slug: Slug;
  readonly bodyAt: number;
  readonly #headers: ReadonlyMap<string, string>;

  constructor(slug: Slug, headers: ReadonlyMap<string, string>, bodyAt: number) {
    this.slug = slug;
    this.#headers = headers;
    this.bodyAt = bodyAt;
  }

  get url(): string {
    return `http://${this.#headers.get("host")}/api/polls/${this.slug}/votes`;
  }

  get headers(): RequestHead["headers"] {
    return this;
  }

  /** Only of `readHeaders`. */
  get(name: string): string | null {
    return this.#headers.get(name) ?? null;
  }

  has(name: string): boolean {
    return this.#headers.has(name);
  }
}

/**
 * The vote in a chunk, if it is plain.
 *
 * @param text - the chunk, a character for each byte.
 */
export function plainVote(text: string): PlainVote | undefined {
  if (!text.startsWith(lineStart)) return undefined;
  const slugEnd = text.indexOf("/", lineStart.length);
  if (slugEnd - lineStart.length > slugLengthMax || !text.startsWith(lineEnd, slugEnd)) {
    return undefined;
  }
  const slug = text.slice(lineStart.length, slugEnd);
  headerLines.lastIndex = slugEnd + lineEnd.length;
  if (!isSlug(slug) || !headerLines.test(text)) return undefined;
  const bodyAt = headerLines.lastIndex;
  if (bodyAt > headBytesMax) return undefined;
  const headers = headersIn(text, slugEnd + lineEnd.length, bodyAt - "\r\n".length);
  if (!headers || !isPlain(headers)) return undefined;
  const length = Number(headers.get("content-length"));
  return bodyAt + length === text.length ? new PlainVote(slug, headers, bodyAt) : undefined;
}

/** The headers that are known here; `undefined` when one stands there twice. */
function headersIn(text: string, start: number, end: number): Map<string, string> | undefined {
  const headers = new Map<string, string>();
  for (let at = start; at < end; ) {
    const colon = text.indexOf(":", at);
    const lineAt = text.indexOf("\r", colon);
    if (knownLengths.has(colon - at)) {
      const name = text.slice(at, colon).toLowerCase();
      if (headers.has(name)) return undefined;
      if (known.has(name)) headers.set(name, text.slice(colon + 2, lineAt));
    }
    at = lineAt + 2;
  }
  return headers;
}

function isPlain(headers: ReadonlyMap<string, string>): boolean {
  for (const name of foreignHeaders) if (headers.has(name)) return false;
  const connection = headers.get("connection");
  const length = headers.get("content-length") ?? "";
  return (
    (connection === undefined || connection.toLowerCase() === "keep-alive") &&
    headers.get("content-type") === "application/json" &&
    canonicalLength.test(length) &&
    Number(length) <= bodyBytesMax &&
    isReadableHost(headers.get("host") ?? "")
  );
}
