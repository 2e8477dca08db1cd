/** A time limit for the sign-in library, which depends only on MySQL and reports no cause. */
import { inTime, SECOND } from "../base/clock.ts";
import { FloodgateError } from "../base/errors.ts";

/** Part of the 3 s within which every request is answered: for a pooled connection and some statements. */
export const patienceMs = 2.2 * SECOND;

export const tooSlow = () => new FloodgateError("mysql_unavailable");

/** @throws FloodgateError `mysql_unavailable` when `asked` fails or takes longer than `ms`. */
export function askMysql<T>(asked: Promise<T>, ms: number = patienceMs): Promise<T> {
  return inTime(asked, ms, tooSlow).catch(cause => {
    throw new FloodgateError("mysql_unavailable", { cause });
  });
}
