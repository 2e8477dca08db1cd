/** Errors as mysql2 gives them to the product. */

export interface MysqlError extends Error {
  readonly code: string;
  readonly errno: number | undefined;
}

/** An error that the server reports. */
export function mysqlError(errno: number, code: string): MysqlError {
  return Object.assign(new Error(code), { errno, code });
}

/** The connection ended before an answer came. */
export function connectionLost(): MysqlError {
  return Object.assign(new Error("Connection lost"), {
    errno: undefined,
    code: "PROTOCOL_CONNECTION_LOST",
  });
}

/** No connection could be made. */
export function connectionRefused(): MysqlError {
  return Object.assign(new Error("connect ECONNREFUSED"), { errno: -111, code: "ECONNREFUSED" });
}
