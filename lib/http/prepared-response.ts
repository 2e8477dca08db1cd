/**
 * Answers that are made once and sent to many: status, headers and bytes, with the short answer to those
 * who have it already. A route makes a `Response` of it; the front may write it as it is
 * (`server/fast-read.ts`).
 */

export interface PreparedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer> | null;
  /** The same headers as Node takes them fastest, with the length. */
  readonly rawHeaders: readonly string[];
  /** 304, where there is an `ETag` to ask with. */
  readonly unchanged?: PreparedResponse;
}

/** The answer with this body; its `ETag`, if it has one, may be asked for. */
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

/** What of `answer` goes to somebody who sends this `If-None-Match`. */
export function answerFor(
  answer: PreparedResponse,
  ifNoneMatch: string | null | undefined,
): PreparedResponse {
  if (!ifNoneMatch || !answer.unchanged) return answer;
  const asked = ifNoneMatch.split(",").map(tag => tag.trim());
  return asked.includes(answer.headers.ETag ?? "") ? answer.unchanged : answer;
}
