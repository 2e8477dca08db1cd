/**
 * Every error this product reports, in one table: code → HTTP status, title, kind.
 *
 * The problem `type` URI, the OpenAPI document and `docs/errors.md` are made from this table, so a
 * code is written once. Errors are recognised by their brand and `code`, never by `instanceof` and
 * never by their text: the front holds two copies of `lib/` (its own and Next's), so classes differ.
 *
 * Kinds: a *refusal* is an expected answer to a caller (4xx); an *outage* is temporary and tells the caller when to
 * retry (503 + Retry-After); an *internal* one is a condition of the queue, handled inside `lib/` and never sent.
 */

export type ErrorKind = "refusal" | "outage" | "internal";

interface ErrorSpec {
  readonly status: number;
  readonly title: string;
  readonly kind: ErrorKind;
}

const TABLE = {
  invalid_request: { status: 400, title: "The request is not valid", kind: "refusal" },
  invalid_ballot: { status: 400, title: "The ballot is not valid", kind: "refusal" },
  unauthenticated: { status: 401, title: "Sign-in or an API token is needed", kind: "refusal" },
  forbidden: { status: 403, title: "This request is not allowed", kind: "refusal" },
  poll_not_open: { status: 403, title: "The poll is not open yet", kind: "refusal" },
  poll_closed: { status: 403, title: "The poll is closed", kind: "refusal" },
  change_refused: { status: 403, title: "Votes in this poll can't be changed", kind: "refusal" },
  voter_unknown: {
    status: 403,
    title: "A change needs the cookie or token that the first vote was answered with",
    kind: "refusal",
  },
  not_found: { status: 404, title: "Not found", kind: "refusal" },
  poll_not_found: { status: 404, title: "There is no such poll", kind: "refusal" },
  method_not_allowed: {
    status: 405,
    title: "This address does not take this method",
    kind: "refusal",
  },
  request_timeout: { status: 408, title: "The request took too long", kind: "refusal" },
  already_voted: { status: 409, title: "This voter has already voted", kind: "refusal" },
  ballot_id_reused: {
    status: 409,
    title: "This ballot id was used before, with other choices",
    kind: "refusal",
  },
  poll_replaced: {
    status: 409,
    title: "Another poll has this slug now, or the poll's question or options have changed",
    kind: "refusal",
  },
  ballot_changed: { status: 409, title: "The ballot has been changed since", kind: "refusal" },
  slug_taken: { status: 409, title: "Another poll has this slug", kind: "refusal" },
  edit_conflict: {
    status: 409,
    title: "The poll has been changed since it was read",
    kind: "refusal",
  },
  nothing_to_count: {
    status: 409,
    title: "No vote that was set aside was received before the closing",
    kind: "refusal",
  },
  closing_passed: {
    status: 409,
    title: "The closing time has passed: set a new one or remove it",
    kind: "refusal",
  },
  creation_in_progress: {
    status: 409,
    title: "A request with this Idempotency-Key is still being answered",
    kind: "refusal",
  },
  idempotency_key_reused: {
    status: 422,
    title: "This Idempotency-Key was used before, with another request",
    kind: "refusal",
  },
  poll_in_use: { status: 409, title: "The poll's state does not allow this", kind: "refusal" },
  body_too_large: { status: 413, title: "The request body is too large", kind: "refusal" },
  unsupported_media_type: {
    status: 415,
    title: "The content type is not supported",
    kind: "refusal",
  },
  rate_limited: { status: 429, title: "Too many requests", kind: "refusal" },
  headers_too_large: {
    status: 431,
    title: "The address and the headers are too large",
    kind: "refusal",
  },
  overloaded: { status: 503, title: "The service is overloaded", kind: "outage" },
  memcached_unavailable: { status: 503, title: "memcached can't be reached", kind: "outage" },
  mysql_unavailable: { status: 503, title: "The database can't be reached", kind: "outage" },
  queue_full: { status: 503, title: "The vote queue is full", kind: "outage" },
  secret_unknown: {
    status: 503,
    title: "This server lacks the secret that the poll was created with",
    kind: "outage",
  },
  format_not_offered: { status: 501, title: "Only JSON is offered", kind: "refusal" },
  slot_corrupt: { status: 500, title: "A slot can't be decoded", kind: "internal" },
} as const satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof TABLE;

/** The table's entry for a code. */
export function errorSpec(code: ErrorCode): ErrorSpec {
  return TABLE[code];
}

export const errorCodes = Object.keys(TABLE) as readonly ErrorCode[];

const BRAND = Symbol.for("floodgate.error");

export interface FloodgateErrorOptions {
  /** One sentence for the caller: what was wrong with *this* request. Holds no secrets. */
  readonly detail?: string;
  /** When to retry, in milliseconds. The default is one second for outages. */
  readonly retryAfterMs?: number;
  /** Further members of the problem document, for example the results beside `already_voted`. */
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The error class for refusals, outages and faults. */
export class FloodgateError extends Error {
  readonly [BRAND] = true;
  readonly code: ErrorCode;
  readonly detail: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, options: FloodgateErrorOptions = {}) {
    const spec = TABLE[code];
    super(options.detail ? `${spec.title}: ${options.detail}` : spec.title, {
      cause: options.cause,
    });
    this.name = "FloodgateError";
    this.code = code;
    this.detail = options.detail;
    this.retryAfterMs = options.retryAfterMs ?? (spec.kind === "outage" ? 1_000 : undefined);
    this.extra = options.extra ?? {};
  }
}

/** True for a `FloodgateError` of any copy of this module; with `code`, only for that code. */
export function isFloodgateError(error: unknown, code?: ErrorCode): error is FloodgateError {
  if (typeof error !== "object" || error === null || !(BRAND in error)) return false;
  return code === undefined || (error as FloodgateError).code === code;
}
