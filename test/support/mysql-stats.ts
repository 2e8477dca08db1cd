/** What a database server was asked to do, counted. */
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { sleep } from "#lib/base/clock.ts";

interface StatusRow extends RowDataPacket {
  readonly Value: string;
}

interface LoggedRow extends RowDataPacket {
  readonly argument: string;
}

/** The texts of all statements that the server was sent while `work` went on. */
export async function statementTextsDuring(
  adminUrl: string,
  work: () => Promise<unknown>,
): Promise<string[]> {
  const admin = await createConnection({ uri: adminUrl });
  try {
    await admin.query("SET GLOBAL log_output = 'TABLE'");
    await admin.query("TRUNCATE mysql.general_log");
    await admin.query("SET GLOBAL general_log = ON");
    await work();
    await admin.query("SET GLOBAL general_log = OFF");
    const [rows] = await admin.query<LoggedRow[]>(
      `SELECT CONVERT(argument USING utf8mb4) AS argument FROM mysql.general_log
       WHERE command_type IN ('Query', 'Execute') AND thread_id <> CONNECTION_ID()`,
    );
    return rows.map(({ argument }) => argument);
  } finally {
    await admin.end();
  }
}

/** The end of a connection is counted, too, a little after its client has gone. */
const settleMs = 30;
const triesMax = 100;

/**
 * Statements that the server was sent while `work` went on, without those of this function, which uses one connection
 * for all. The work begins when nothing is counted any more that was sent before; at the latest after three seconds,
 * because a worker sends some all the time.
 */
export async function statementsDuring(
  adminUrl: string,
  work: () => Promise<unknown>,
): Promise<number> {
  const admin = await createConnection({ uri: adminUrl });
  const readCounter = async () => {
    const [rows] = await admin.query<StatusRow[]>("SHOW GLOBAL STATUS LIKE 'Questions'");
    return Number(rows[0]?.Value);
  };
  try {
    let before = await readCounter();
    for (let tries = 1; tries < triesMax; tries++) {
      await sleep(settleMs);
      const last = before;
      before = await readCounter();
      if (before === last + 1) break;
    }
    await work();
    return (await readCounter()) - before - 1;
  } finally {
    await admin.end();
  }
}
