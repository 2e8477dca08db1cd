/** Answers that are not problems. */

import { dataHeaders } from "./headers.ts";
import type { PreparedResponse } from "./prepared-response.ts";

/** Headers of a JSON answer that no cache may store. */
export const jsonHeaders: Readonly<Record<string, string>> = {
  ...dataHeaders,
  "Content-Type": "application/json",
  // Its length must not tell what is in it (`content-encoding.ts`). Data for many says otherwise.
  "Cache-Control": "no-store, no-transform",
};

interface AnswerOptions {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** An answer, not yet in the form of a Web `Response` or of Node's. */
export interface Answer {
  readonly status: number;
  /** Headers that many answers share, as one object. */
  readonly headers: Readonly<Record<string, string>>;
  /** Headers of this answer. */
  readonly more?: Readonly<Record<string, string>> | undefined;
  readonly body: string;
}

/** All headers of an answer. */
export function headersOf({ headers, more }: Answer): Readonly<Record<string, string>> {
  return more ? { ...headers, ...more } : headers;
}

/** An answer as a Web `Response`. */
export function responseOf(answer: Answer | PreparedResponse): Response {
  const { status, body } = answer;
  const headers = typeof body === "string" ? headersOf(answer as Answer) : answer.headers;
  return new Response(body, { status, headers });
}

/** Headers of a JSON answer, not cacheable unless `more` says otherwise. */
export function jsonHeadersWith(
  more: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  // A plain object: on hot routes no `Headers` is built.
  return more ? { ...jsonHeaders, ...more } : jsonHeaders;
}

/** A JSON answer, not cacheable unless `headers` says otherwise. */
export function json(body: unknown, options: AnswerOptions = {}): Response {
  return jsonText(JSON.stringify(body), options);
}

/** A JSON answer whose body is encoded already. */
export function jsonText(
  body: string | Uint8Array,
  { status = 200, headers }: AnswerOptions = {},
): Response {
  return new Response(body as string | Uint8Array<ArrayBuffer>, {
    status,
    headers: jsonHeadersWith(headers),
  });
}
