/** The error of every failed MySQL call, with one of six kinds derived from MySQL's error number. */

/**
 * - `unavailable`: no connection, or it was lost, or the server can't write now (read-only, disk full, too many
 *   connections). A statement in flight may have been executed. Retry after a wait.
 * - `commit_unknown`: the connection was lost during COMMIT. Read back to learn whether it was committed.
 * - `contention`: deadlock or lock wait. The transaction was rolled back; retry at once.
 * - `duplicate`: a unique key refused a row.
 * - `too_large`: the statement exceeds `max_allowed_packet`.
 * - `invalid`: the statement or its data was refused; a retry fails in the same way.
 */
export type FailureKind =
  | "unavailable"
  | "commit_unknown"
  | "contention"
  | "duplicate"
  | "too_large"
  | "invalid";

const BRAND = Symbol.for("floodgate.store-failure");

export class StoreFailure extends Error {
  readonly [BRAND] = true;
  readonly kind: FailureKind;
  /** MySQL's error number, when the server answered. */
  readonly errno: number | undefined;

  constructor(kind: FailureKind, reason: string, errno: number | undefined, cause: unknown) {
    super(`mysql: ${reason}`, { cause });
    this.name = "StoreFailure";
    this.kind = kind;
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

const kindByErrno: ReadonlyMap<number, FailureKind> = new Map([
  [1213, "contention"], // ER_LOCK_DEADLOCK
  [1205, "contention"], // ER_LOCK_WAIT_TIMEOUT
  [3572, "contention"], // ER_LOCK_NOWAIT
  [1062, "duplicate"], // ER_DUP_ENTRY
  [1153, "too_large"], // ER_NET_PACKET_TOO_LARGE
  [1040, "unavailable"], // ER_CON_COUNT_ERROR
  [1203, "unavailable"], // ER_TOO_MANY_USER_CONNECTIONS
  [1053, "unavailable"], // ER_SERVER_SHUTDOWN
  [1077, "unavailable"], // ER_NORMAL_SHUTDOWN
  [1927, "unavailable"], // ER_CONNECTION_KILLED (MariaDB)
  [3169, "unavailable"], // ER_SESSION_WAS_KILLED (MySQL)
  [1290, "unavailable"], // ER_OPTION_PREVENTS_STATEMENT: read-only
  [1836, "unavailable"], // ER_READ_ONLY_MODE
  [1792, "unavailable"], // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
  [1114, "unavailable"], // ER_RECORD_FILE_FULL: disk full
  [1021, "unavailable"], // ER_DISK_FULL
  [1030, "unavailable"], // ER_GET_ERRNO: the engine could not write
  [1045, "unavailable"], // ER_ACCESS_DENIED_ERROR
]);

/** An error of mysql2's, or a failure already, as a failure. */
export function translate(error: unknown, statement: string): StoreFailure {
  if (isStoreFailure(error)) return error;
  const { errno, code } = error as { errno?: number; code?: string };
  const known = errno === undefined ? undefined : kindByErrno.get(errno);
  // The server's errors have an errno of 1000 and up; a socket's (ECONNREFUSED…) is negative or missing.
  const fromServer = errno !== undefined && errno >= 1000;
  const kind = known ?? (fromServer ? "invalid" : "unavailable");
  return new StoreFailure(kind, `${statement}: ${code ?? "error"}`, errno, error);
}

/** True when there was no answer: an error that the server reports has its number. */
export function isSilence(error: unknown): boolean {
  return isStoreFailure(error, "unavailable") && (error.errno ?? 0) < 1000;
}
