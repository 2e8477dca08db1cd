/** The statements that set up a session, whatever the server's defaults are. */
import { SECOND } from "../base/clock.ts";

const lockWaitSecondsMax = 2;
/** Longer than any pause of a running process in a transaction: that process, or its machine, has stopped. */
const idleWriteSeconds = 5;

/** @param statementMs - the longest wait for one statement. */
export function sessionSetup(statementMs: number): readonly string[] {
  // Less than `statementMs`, so that a wait for a lock ends as `contention`.
  const lockWaitSeconds = Math.min(lockWaitSecondsMax, Math.ceil(statementMs / SECOND) - 1);
  const variables = [
    "time_zone = '+00:00'",
    "sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
    `innodb_lock_wait_timeout = ${lockWaitSeconds}`,
  ];
  // MariaDB executes such a comment; MySQL ignores it.
  const mariaDbOnly = `/*M!100300 , idle_write_transaction_timeout = ${idleWriteSeconds} */`;
  return [
    `SET SESSION ${variables.join(", ")} ${mariaDbOnly}`,
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
  ];
}
