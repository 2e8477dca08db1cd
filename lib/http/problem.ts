/**
 * Errors as HTTP answers: `application/problem+json` (RFC 9457) with a stable `type`.
 *
 * A client gets code, title, detail and a request id; never a stack, a cause or a statement.
 */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import {
  type ErrorCode,
  errorSpec,
  FloodgateError,
  type FloodgateErrorOptions,
  isFloodgateError,
} from "../base/errors.ts";
import { describeError, type Log } from "../base/log.ts";
import { isMemcachedFailure } from "../memcached/failure.ts";
import { isReported, isStoreFailure } from "../store/failure.ts";
import { dataHeaders } from "./headers.ts";
import { type Answer, responseOf } from "./respond.ts";

const problemHeaders: Readonly<Record<string, string>> = {
  ...dataHeaders,
  "Content-Type": "application/problem+json",
  "Cache-Control": "no-store, no-transform",
};

/** The stable `type` of a code. */
export function problemType(code: ErrorCode): string {
  return `urn:floodgate:problem:${code.replaceAll("_", "-")}`;
}

/** The body of a problem, as the OpenAPI document describes it. */
export const problemSchema = z.object({
  type: z.string().meta({ description: "Stable identifier of the problem" }),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  code: z.string(),
  requestId: z.string(),
});

/** The answer to an error that a route threw or returned. */
export function problemAnswer(error: unknown, log?: Log): Answer {
  const known = toFloodgateError(error);
  const requestId = randomUUID();
  // Refusals are expected, and an outage is logged once, where it begins and ends. Bugs are logged here, and what MySQL
  // reports besides.
  if (!known || isReported(error) || isRefusedData(error)) {
    log?.error({ event: "request_failed", requestId, ...describeError(error) });
  }
  const shown = known ?? new FloodgateError("overloaded", { cause: error });
  const { status, title } = errorSpec(shown.code);
  const headers: Record<string, string> = { ...problemHeaders };
  if (shown.retryAfterMs !== undefined) {
    headers["Retry-After"] = String(Math.max(1, Math.ceil(shown.retryAfterMs / 1000)));
  }
  const body = {
    type: problemType(shown.code),
    title,
    status,
    ...(shown.detail !== undefined && { detail: shown.detail }),
    code: shown.code,
    requestId,
    ...shown.extra,
  };
  return { status, headers, body: JSON.stringify(body) };
}

/** The same as a Web `Response`. */
export function problemResponse(error: unknown, log?: Log): Response {
  return responseOf(problemAnswer(error, log));
}

/** Shorthand for a refusal. */
export function problem(code: ErrorCode, options?: FloodgateErrorOptions): Response {
  return problemResponse(new FloodgateError(code, options));
}

/** A thrown error as one of our own; `undefined` for a bug. */
function toFloodgateError(error: unknown): FloodgateError | undefined {
  if (isFloodgateError(error)) return error;
  if (isMemcachedFailure(error))
    return new FloodgateError("memcached_unavailable", { cause: error });
  if (isRefusedData(error)) {
    // Our own checks should have said it better. The same request fails again, so it is no outage.
    const detail = "The database refuses a value of this request. Nothing was saved.";
    return new FloodgateError("invalid_request", { detail, cause: error });
  }
  if (isStoreFailure(error, "commit_unknown")) {
    const detail =
      "The database did not confirm the change: it may or may not be saved. Read it before you send it again, or send it again with the same Idempotency-Key.";
    return new FloodgateError("mysql_unavailable", { detail, cause: error });
  }
  return isStoreFailure(error)
    ? new FloodgateError("mysql_unavailable", { cause: error })
    : undefined;
}

/** True when MySQL refused the data itself: no time and no retry changes that. */
function isRefusedData(error: unknown): boolean {
  return isStoreFailure(error, "invalid") || isStoreFailure(error, "too_large");
}

/**
 * Parses `input` by `schema`.
 *
 * @throws FloodgateError `invalid_request` that names every invalid field.
 */
export function parse<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const problems = result.error.issues.slice(0, 20).map(issue => ({
    path: issue.path.join("."),
    message: issue.message,
  }));
  throw new FloodgateError("invalid_request", {
    detail: problems
      .map(({ path, message }) => (path ? `${path}: ${message}` : message))
      .join("; "),
    extra: { problems },
  });
}
