/**
 * Compressed forms of an answer, made once and when the first client asks for them.
 *
 * Compressed are answers that are sent to many; Next compresses the studio itself (`next.config.ts`). Not compressed are
 * event streams, pictures, small bodies, and what is about one reader: its length must not tell what is in it (BREACH).
 */
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { parseAccept } from "hono/utils/accept";

export type ContentEncoding = "br" | "gzip";

/** A smaller body fits into the packet that its headers are sent in. */
const compressedBytesMin = 1_024;

const textual = /^(?:text\/(?!event-stream)|application\/(?:problem\+)?json)/;

/** True for a body that is worth it. */
export function isCompressible(contentType: string | undefined, bytes: number): boolean {
  return bytes >= compressedBytesMin && textual.test(contentType ?? "");
}

/** How long the compressed form is used: a page for a second, a file until the next release. */
export type Lifetime = "second" | "release";

/** Pages are compressed while others wait: at this quality, 24 kB take less than half a millisecond. */
const brotliQuality: Readonly<Record<Lifetime, number>> = { second: 5, release: 11 };
const gzipLevel: Readonly<Record<Lifetime, number>> = { second: 6, release: 9 };

/** Blocks until it is done. */
export function compress(
  body: Uint8Array,
  encoding: ContentEncoding,
  lifetime: Lifetime,
): Uint8Array<ArrayBuffer> {
  if (encoding === "gzip") return new Uint8Array(gzipSync(body, { level: gzipLevel[lifetime] }));
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: brotliQuality[lifetime],
    [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
  };
  return new Uint8Array(brotliCompressSync(body, { params }));
}

/** Longer headers are ignored. */
const acceptLengthMax = 200;
const listsBrotli = /(?:^|[\s,])br(?:$|[\s,])/i;
const listsGzip = /(?:^|[\s,])(?:x-)?gzip(?:$|[\s,])/i;

/**
 * The encoding that a client prefers; `undefined`: none, also for a client that accepts nothing at all. Of two that it
 * likes equally, the smaller.
 */
export function encodingFor(accepted: string | null | undefined): ContentEncoding | undefined {
  if (!accepted || accepted.length > acceptLengthMax) return undefined;
  // What browsers send.
  if (!accepted.includes(";") && !accepted.includes("*")) {
    if (listsBrotli.test(accepted)) return "br";
    return listsGzip.test(accepted) ? "gzip" : undefined;
  }
  const stated = new Map(parseAccept(accepted).map(({ type, q }) => [type.toLowerCase(), q]));
  const others = stated.get("*") ?? 0;
  const qualities = {
    br: stated.get("br") ?? others,
    gzip: stated.get("gzip") ?? stated.get("x-gzip") ?? others,
  };
  const best = qualities.br >= qualities.gzip ? "br" : "gzip";
  const isWanted = qualities[best] > 0 && qualities[best] >= (stated.get("identity") ?? 0);
  return isWanted ? best : undefined;
}
