/** The error of every failed MySQL call, with one of seven kinds derived from MySQL's error number. */

/**
 * - `unavailable`: MySQL can't take this now: no connection, or it was lost, or the server reports an error that no
 *   other kind names (read-only, disk full, a cluster node that is not ready, numbers that nobody has seen yet). A
 *   statement in flight may have been executed. Retry after a wait.
 * - `commit_unknown`: COMMIT failed, so the transaction may have been committed. Read back to learn whether it was.
 * - `contention`: deadlock or lock wait. The transaction was rolled back; retry at once.
 * - `duplicate`: a unique key refused a row.
 * - `too_large`: the statement exceeds `max_allowed_packet`.
 * - `mismatch`: MySQL does not know a table or column that the statement names, or our user may not use it: program,
 *   schema and grants do not fit together. An operator has to act; until then, retry after a wait.
 * - `invalid`: the data was refused. The same data is refused again, whatever state the server is in.
 *
 * Invariant: `invalid` is an allow-list. A number that is in no list says nothing about the data, so no ballot is ever
 *   set aside because of it.
 */
export type FailureKind =
  | "unavailable"
  | "commit_unknown"
  | "contention"
  | "duplicate"
  | "too_large"
  | "mismatch"
  | "invalid";

const BRAND = Symbol.for("floodgate.store-failure");

export class StoreFailure extends Error {
  readonly [BRAND] = true;
  readonly kind: FailureKind;
  /** The statement, and MySQL's code for the error. */
  readonly reason: string;
  /** MySQL's error number, when the server answered. */
  readonly errno: number | undefined;

  constructor(kind: FailureKind, reason: string, errno: number | undefined, cause: unknown) {
    super(`mysql: ${reason}`, { cause });
    this.name = "StoreFailure";
    this.kind = kind;
    this.reason = reason;
    this.errno = errno;
  }
}

/** True for a `StoreFailure` of any copy of this module; with `kind`, only of that kind. */
export function isStoreFailure(error: unknown, kind?: FailureKind): error is StoreFailure {
  if (typeof error !== "object" || error === null || !(BRAND in error)) return false;
  return kind === undefined || (error as StoreFailure).kind === kind;
}

/** True when a transaction lost against another one and was rolled back: the same work may succeed now. */
export function isContended(error: unknown): boolean {
  return isStoreFailure(error, "contention") || isStoreFailure(error, "duplicate");
}

/** The result of `call`, or of `fallback` when MySQL failed it, for whatever reason. Every other error is thrown. */
export async function orWhenMysqlFails<T, F>(
  call: Promise<T>,
  fallback: (failure: StoreFailure) => F,
): Promise<T | F> {
  try {
    return await call;
  } catch (error) {
    if (!isStoreFailure(error)) throw error;
    return fallback(error);
  }
}

/** Errors that the data alone causes. Each number has the same meaning in MySQL 8 and MariaDB, unless one is named. */
export const dataErrors: readonly number[] = [
  1048, // ER_BAD_NULL_ERROR: NULL in a column that takes none
  1216, // ER_NO_REFERENCED_ROW: names a row that does not exist
  1217, // ER_ROW_IS_REFERENCED: other rows name this one
  1264, // ER_WARN_DATA_OUT_OF_RANGE
  1265, // WARN_DATA_TRUNCATED
  1267, // ER_CANT_AGGREGATE_2COLLATIONS: characters that the column's character set lacks
  1270, // ER_CANT_AGGREGATE_3COLLATIONS
  1271, // ER_CANT_AGGREGATE_NCOLLATIONS
  1292, // ER_TRUNCATED_WRONG_VALUE: a time that is none
  1300, // ER_INVALID_CHARACTER_STRING
  1366, // ER_TRUNCATED_WRONG_VALUE_FOR_FIELD
  1367, // ER_ILLEGAL_VALUE_FOR_TYPE
  1406, // ER_DATA_TOO_LONG
  1411, // ER_WRONG_VALUE_FOR_TYPE
  1451, // ER_ROW_IS_REFERENCED_2
  1452, // ER_NO_REFERENCED_ROW_2
  1525, // ER_WRONG_VALUE
  1690, // ER_DATA_OUT_OF_RANGE: a sum that its column can't hold
  3819, // ER_CHECK_CONSTRAINT_VIOLATED (MySQL)
  3988, // ER_CANNOT_CONVERT_STRING (MySQL): characters that the column's character set lacks
  4025, // ER_CONSTRAINT_FAILED: a CHECK (MariaDB)
];

/** Errors of a statement that does not fit the schema, or that our user may not execute. */
const mismatches: readonly number[] = [
  1044, // ER_DBACCESS_DENIED_ERROR
  1049, // ER_BAD_DB_ERROR
  1054, // ER_BAD_FIELD_ERROR
  1064, // ER_PARSE_ERROR
  1136, // ER_WRONG_VALUE_COUNT_ON_ROW
  1142, // ER_TABLEACCESS_DENIED_ERROR
  1143, // ER_COLUMNACCESS_DENIED_ERROR
  1146, // ER_NO_SUCH_TABLE
  1305, // ER_SP_DOES_NOT_EXIST
  1364, // ER_NO_DEFAULT_FOR_FIELD: a column that only a newer program fills
];

/** The server's errors have an errno of 1000 and up; a socket's (ECONNREFUSED…) is negative or missing. */
const serverErrnoMin = 1_000;

const kindByErrno: ReadonlyMap<number, FailureKind> = new Map([
  [1213, "contention"], // ER_LOCK_DEADLOCK
  [1205, "contention"], // ER_LOCK_WAIT_TIMEOUT
  [3572, "contention"], // ER_LOCK_NOWAIT
  [1062, "duplicate"], // ER_DUP_ENTRY
  [1153, "too_large"], // ER_NET_PACKET_TOO_LARGE
  ...mismatches.map(errno => [errno, "mismatch"] as const),
  ...dataErrors.map(errno => [errno, "invalid"] as const),
]);

/** An error of mysql2's, or a failure already, as a failure. */
export function translate(error: unknown, statement: string): StoreFailure {
  if (isStoreFailure(error)) return error;
  const { errno, code } = error as { errno?: number; code?: string };
  const kind = kindByErrno.get(errno ?? 0) ?? "unavailable";
  const number = errno !== undefined && errno >= serverErrnoMin ? ` (${errno})` : "";
  return new StoreFailure(kind, `${statement}: ${code ?? "error"}${number}`, errno, error);
}

/** ER_SECURE_TRANSPORT_REQUIRED: of MySQL, and of MariaDB. */
const tlsNeeded: readonly number[] = [3159, 4152];

/**
 * Why server and `DATABASE_URL` do not agree on the encryption of a connection, and what to do; `undefined` for every
 * other error. No later attempt ends differently.
 */
export function tlsRefusal(error: unknown): string | undefined {
  const { code, errno, message = "" } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  if (code === "HANDSHAKE_NO_SSL_SUPPORT") {
    return "the server offers no TLS, which DATABASE_URL asks for: turn TLS on there, or set ssl-mode=DISABLED";
  }
  if (code === "HANDSHAKE_SSL_ERROR" && /certificate|altname|issuer/i.test(message)) {
    return `the server's certificate is refused (${message}): correct ssl-ca or the host in DATABASE_URL`;
  }
  if (errno !== undefined && tlsNeeded.includes(errno)) {
    return "the server takes encrypted connections only: add ssl-mode=VERIFY_IDENTITY (or REQUIRED) to DATABASE_URL";
  }
  return undefined;
}

/** The same for an error before the first statement: no data was sent, so nothing is said about data. */
export function translateConnecting(error: unknown, name: string): StoreFailure {
  const refusal = tlsRefusal(error);
  if (refusal !== undefined) {
    const { errno } = error as { errno?: number };
    return new StoreFailure("unavailable", `${name}: ${refusal}`, errno, error);
  }
  const failure = translate(error, name);
  if (failure.kind === "unavailable" || failure.kind === "mismatch") return failure;
  return new StoreFailure("unavailable", failure.reason, failure.errno, error);
}

/** True when there was no answer: an error that the server reports has its number. */
export function isSilence(error: unknown): boolean {
  return isStoreFailure(error, "unavailable") && (error.errno ?? 0) < serverErrnoMin;
}

/** True when the server answered and did not say that another attempt helps: an operator wants to read its words. */
export function isReported(error: unknown): boolean {
  const unexpected = isStoreFailure(error, "unavailable") || isStoreFailure(error, "mismatch");
  return unexpected && !isSilence(error);
}
