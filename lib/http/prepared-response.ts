/**
 * Answers that are encoded once and sent to many: status, headers and bytes, with the 304 for clients that have
 * them already. A route turns one into a `Response`; the front may write it as it is (`server/fast-read.ts`).
 */

export interface PreparedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer> | null;
  /** The same headers and `Content-Length`, in the form that Node writes fastest. */
  readonly rawHeaders: readonly string[];
  /** The 304; absent without an `ETag`. */
  readonly unchanged?: PreparedResponse;
}

/** Encodes an answer; with an `ETag` among the headers, also its 304. */
export function prepareResponse(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array<ArrayBuffer>,
): PreparedResponse {
  const length = ["Content-Length", String(body.length)];
  const answer = {
    status,
    headers,
    body,
    rawHeaders: [...Object.entries(headers).flat(), ...length],
  };
  if (headers.ETag === undefined) return answer;
  const { "Content-Type": _, ...rest } = headers;
  const rawHeaders = Object.entries(rest).flat();
  return { ...answer, unchanged: { status: 304, headers: rest, body: null, rawHeaders } };
}

/** `answer`, or its 304 for a client that sends a matching `If-None-Match`. */
export function answerFor(
  answer: PreparedResponse,
  ifNoneMatch: string | null | undefined,
): PreparedResponse {
  if (!ifNoneMatch || !answer.unchanged) return answer;
  const asked = ifNoneMatch.split(",").map(tag => tag.trim());
  return asked.includes(answer.headers.ETag ?? "") ? answer.unchanged : answer;
}
