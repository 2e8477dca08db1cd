/**
 * Idempotent creation: a request that is sent again under the same key makes no second poll, and is answered with the
 * poll of the first one.
 *
 * The key is kept as long as the poll is. Only digests are stored.
 *
 * Source: IETF draft "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key-header).
 */
import { createHash } from "node:crypto";
import { FloodgateError } from "../base/errors.ts";

export interface CreationKey {
  /** Of one editor: another editor's equal key is another key. */
  readonly key: string;
  /** Of what was asked for. */
  readonly digest: string;
}

/** @param request - what was asked for, parsed, so that equal requests have equal JSON. */
export function creationKeyOf(editorId: string, clientKey: string, request: unknown): CreationKey {
  return { key: digestOf([editorId, clientKey]), digest: digestOf(request) };
}

export function digestOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("base64url");
}

/** One key, in the quotes that the draft asks for or without. */
const keyPattern = /^("?)([\x21\x23-\x5b\x5d-\x7e]{1,200})\1$/;

/**
 * The key in a request's `Idempotency-Key`; `undefined` without the header.
 *
 * @throws FloodgateError `invalid_request`.
 */
export function clientKeyIn(headers: Headers): string | undefined {
  const given = headers.get("idempotency-key");
  if (given === null) return undefined;
  const key = keyPattern.exec(given)?.[2];
  if (key !== undefined) return key;
  throw new FloodgateError("invalid_request", {
    detail:
      "Idempotency-Key must be 1 to 200 printable ASCII characters, without spaces, quotes and backslashes; it may stand in quotes.",
  });
}
