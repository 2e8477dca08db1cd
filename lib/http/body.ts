/**
 * Request bodies, checked in this order: type, size, contents.
 */
import { FloodgateError, isFloodgateError } from "../base/errors.ts";
import type { RequestHead } from "./request-head.ts";

export const bodyBytesMax = 64 * 1024;

export type BodyKind = "json" | "form";

/** The kind of body that a request announces; `undefined` for neither JSON nor a form. */
export function bodyKind(request: RequestHead): BodyKind | undefined {
  const stated = request.headers.get("content-type");
  if (stated === "application/json") return "json";
  const type = stated?.split(";")[0]?.trim().toLowerCase();
  if (type === "application/json") return "json";
  if (type === "application/x-www-form-urlencoded") return "form";
  return undefined;
}

/**
 * The body as text, at most `bodyBytesMax` bytes; a larger body is not read to its end.
 *
 * @throws FloodgateError `body_too_large`, `invalid_request` when it is not UTF-8 or ended early.
 */
async function readText(request: Request): Promise<string> {
  const announced = request.headers.get("content-length");
  if (Number(announced ?? 0) > bodyBytesMax) throw new FloodgateError("body_too_large");
  const reading = announced === null ? readChunks(request) : request.text();
  const text = await reading.catch(error => {
    if (isFloodgateError(error)) throw error;
    throw new FloodgateError("invalid_request", {
      detail: "The body ended before its announced length.",
      cause: error,
    });
  });
  return wellFormed(text);
}

/** Without byte-order marks. Decoding replaces what is not UTF-8 by U+FFFD, which no reader types. */
function wellFormed(marked: string): string {
  const text = marked.startsWith("\ufeff") ? marked.replace(/^\ufeff+/, "") : marked;
  if (!text.includes("\ufffd")) return text;
  throw new FloodgateError("invalid_request", { detail: "The body is not UTF-8." });
}

/** A body of unknown length. */
async function readChunks(request: Request): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > bodyBytesMax) throw new FloodgateError("body_too_large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/**
 * A JSON body, parsed and not yet checked.
 *
 * @throws FloodgateError `unsupported_media_type`, `body_too_large`, `invalid_request`.
 */
export async function readJson(request: Request): Promise<unknown> {
  if (bodyKind(request) !== "json") {
    throw new FloodgateError("unsupported_media_type", { detail: "Send application/json." });
  }
  return parseJson(await readText(request));
}

/**
 * Parses a JSON body.
 *
 * @param text - the body, decoded.
 * @throws FloodgateError `invalid_request` when it is not UTF-8, or not JSON.
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(wellFormed(text));
  } catch (error) {
    if (isFloodgateError(error)) throw error;
    throw new FloodgateError("invalid_request", { detail: "The body is not JSON.", cause: error });
  }
}

/** A body that was read, and whose contents are not checked yet; JSON is not parsed yet. */
export type JsonOrForm =
  | { readonly kind: "json"; readonly text: string }
  | { readonly kind: "form"; readonly value: URLSearchParams };

/**
 * A body that may be JSON or a form, by its type.
 *
 * @throws FloodgateError `unsupported_media_type`, `body_too_large`, `invalid_request`.
 */
export async function readJsonOrForm(request: Request): Promise<JsonOrForm> {
  const kind = bodyKind(request);
  if (!kind) {
    throw new FloodgateError("unsupported_media_type", {
      detail: "Send application/json or application/x-www-form-urlencoded.",
    });
  }
  const text = await readText(request);
  if (kind === "json") return { kind, text };
  return { kind, value: new URLSearchParams(text) };
}
