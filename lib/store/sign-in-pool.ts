/**
 * mysql2's pool as the sign-in library takes it, with callbacks, and with an end to every statement: the library sets
 * none, and would wait for a silent MySQL for as long as TCP does.
 */
import { inTime } from "../base/clock.ts";

/** What is used of mysql2's. */
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

/** @param statementMs - longest wait for one statement; its connection is thrown away then. */
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
  // Known as a pool by its `getConnection`, and used by its `pool`, as mysql2's own for promises has one.
  return { ...timed, pool: timed };
}
