/**
 * mysql2's pool in the form that the sign-in library needs, with callbacks, and with a time-out for every statement. The
 * library sets none, and would wait for a silent MySQL as long as TCP does.
 */
import { inTime } from "../base/clock.ts";

/** The parts of mysql2's types that are used. */
interface Connection {
  query(sql: string, values: unknown[]): Promise<[unknown, unknown]>;
  release(): void;
  destroy(): void;
}
interface Pool {
  getConnection(): Promise<Connection>;
  end(): Promise<void>;
}

type Done<T> = (error: unknown, result?: T) => void;

interface TimedConnection {
  query(sql: string, values: readonly unknown[], done: Done<unknown>): void;
  release(): void;
}

function timedConnection(connection: Connection, statementMs: number): TimedConnection {
  let silent = false;
  const late = () => {
    silent = true;
    connection.destroy();
    return new Error("no answer");
  };
  return {
    query: (sql, values, done) => {
      inTime(connection.query(sql, [...values]), statementMs, late).then(
        ([result]) => done(null, result),
        done,
      );
    },
    release: () => {
      if (!silent) connection.release();
    },
  };
}

/** @param statementMs - longest wait for one statement; then its connection is closed. */
export function signInPool(pool: Pool, statementMs: number) {
  const timed = {
    getConnection: (done: Done<TimedConnection>): void => {
      pool.getConnection().then(
        connection => done(null, timedConnection(connection, statementMs)),
        error => done(error),
      );
    },
    end: (done: Done<void>): void => {
      pool.end().then(() => done(null), done);
    },
  };
  // The library recognises a pool by `getConnection` and uses its `pool`, which mysql2's promise pools have.
  return { ...timed, pool: timed };
}
