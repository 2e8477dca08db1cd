/** Errors as mysql2 gives them to the product. */

export interface MysqlError extends Error {
  readonly code: string;
  readonly errno: number | undefined;
}

/** An error that the server reports. */
export function mysqlError(errno: number, code: string): MysqlError {
  return Object.assign(new Error(code), { errno, code });
}
