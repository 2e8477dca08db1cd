/**
 * Answers that are encoded once and sent to many: status, headers and bytes, the 304 for clients that have them already,
 * and the same compressed. A route turns one into a `Response`; the front may write it as it is (`server/fast-read.ts`).
 */
import {
  type ContentEncoding,
  compress,
  encodingFor,
  isCompressible,
  type Lifetime,
} from "./content-encoding.ts";
import { wholeHeader } from "./headers.ts";
import type { RequestHead } from "./request-head.ts";

export interface PreparedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer> | null;
  /** The same headers and `Content-Length`, in the form that Node writes fastest. */
  readonly rawHeaders: readonly string[];
  /** The 304; absent without an `ETag`. */
  readonly unchanged?: PreparedResponse;
  /** The same compressed, once; absent where that is not worth it. */
  readonly encodedAs?: (encoding: ContentEncoding) => PreparedResponse;
}

/**
 * Encodes an answer; with an `ETag` among the headers, also its 304. The `ETag` is a weak one, and the same for all
 * encodings.
 */
export function prepareResponse(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array<ArrayBuffer>,
  lifetime: Lifetime = "second",
): PreparedResponse {
  if (!isCompressible(headers["Content-Type"], body.length)) return encoded(status, headers, body);
  const vary = headers.Vary ? `${headers.Vary}, Accept-Encoding` : "Accept-Encoding";
  const varying = { ...headers, Vary: vary };
  const made = new Map<ContentEncoding, PreparedResponse>();
  const encodedAs = (encoding: ContentEncoding) => {
    const known = made.get(encoding);
    if (known) return known;
    const compressed = compress(body, encoding, lifetime);
    const answer = encoded(status, { ...varying, "Content-Encoding": encoding }, compressed);
    made.set(encoding, answer);
    return answer;
  };
  return { ...encoded(status, varying, body), encodedAs };
}

function encoded(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array<ArrayBuffer>,
): PreparedResponse {
  const length = ["Content-Length", String(body.length)];
  const rawHeaders = [...Object.entries(headers).flat(), ...length];
  const answer = { status, headers, body, rawHeaders };
  if (headers.ETag === undefined) return answer;
  const { "Content-Type": _, "Content-Encoding": _encoding, ...rest } = headers;
  const unchanged = {
    status: 304,
    headers: rest,
    body: null,
    rawHeaders: Object.entries(rest).flat(),
  };
  return { ...answer, unchanged };
}

/** `answer` as this client wants it: compressed, or its 304. */
export function answerFor(
  answer: PreparedResponse,
  headers: RequestHead["headers"],
): PreparedResponse {
  const ifNoneMatch = headers.get("if-none-match");
  if (ifNoneMatch && answer.unchanged && matches(ifNoneMatch, answer.headers.ETag ?? "")) {
    return answer.unchanged;
  }
  if (!answer.encodedAs || headers.has(wholeHeader)) return answer;
  const encoding = encodingFor(headers.get("accept-encoding"));
  return encoding ? answer.encodedAs(encoding) : answer;
}

/**
 * A weak comparison (RFC 9110, 13.1.2), also of a tag to which a proxy that compresses has added the encoding
 * (`"tag-gzip"`, `"tag;br"`).
 */
function matches(ifNoneMatch: string, etag: string): boolean {
  const opaque = etag.replace(/^W\//, "");
  return ifNoneMatch.split(",").some(listed => {
    const tag = listed.trim().replace(/^W\//, "");
    return tag === opaque || tag === "*" || tag.replace(addedEncoding, '"') === opaque;
  });
}

const addedEncoding = /(?:-{1,2}|;)(?:gzip|br|zstd|deflate)"$/;
