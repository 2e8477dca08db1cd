/** What happens to MySQL: killed, away, stopped, read-only, crowded, not ready, and answers to COMMIT lost. */
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { SECOND, sleep } from "#lib/base/clock.ts";
import { waitUntil } from "#scripts/services/ports.ts";
import { answerStatements, failed } from "#test/support/mysql-errors.ts";
import type { Fault, Incident } from "../incident.ts";

interface StatusRow extends RowDataPacket {
  readonly Value: string;
}

interface ProcessRow extends RowDataPacket {
  readonly Id: number;
  readonly User: string;
}

/** True once the worker has said that a pass failed, since we began to listen. */
function failuresOf({ site }: Incident): () => number {
  const count = () =>
    site.workers.flatMap(({ child }) => child.output.match(/pass_failed/g) ?? []).length;
  const before = count();
  return () => Math.max(0, count() - before);
}

/** Causes a fault, and waits until it has made passes of a worker fail. */
function untilPassesFail(
  name: string,
  fault: (incident: Incident) => Promise<void>,
  heal?: Fault["heal"],
): Fault {
  return {
    name,
    inject: async incident => {
      const failures = failuresOf(incident);
      await fault(incident);
      await waitUntil("a pass to fail", () => failures() > 0, { withinMs: 15 * SECOND });
      incident.noteEvidence("passes failed", failures());
    },
    ...(heal && { heal }),
  };
}

async function status({ site }: Incident, name: string): Promise<number> {
  const rows = await site.query<StatusRow>("SHOW GLOBAL STATUS LIKE ?", [name]);
  return Number(rows[0]?.Value);
}

/** Takes the locks of the flush in the other order, with so much to undo that the worker is the victim. */
async function provokeDeadlock(rival: Connection): Promise<boolean> {
  await rival.query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
  await rival.query("BEGIN");
  await rival.query(
    "INSERT INTO floodgate.deadlock_ballast (text) SELECT REPEAT('x', 100) FROM mysql.help_topic LIMIT 500",
  );
  await rival.query("SELECT * FROM floodgate.poll_totals FOR UPDATE");
  await sleep(400); // the worker has its polls by now, and wants the totals
  const won = await rival.query("SELECT * FROM floodgate.polls FOR UPDATE").then(
    () => true,
    () => false,
  );
  await rival.query("ROLLBACK");
  return won;
}

/** Connections that take the places of others. */
class Crowd {
  readonly #uri: string;
  #connections: Connection[] = [];

  constructor(uri: string) {
    this.#uri = uri;
  }

  /** Takes every place that is free. */
  async fill(): Promise<void> {
    const join = async () => {
      this.#connections.push(await createConnection({ uri: this.#uri }));
    };
    await Promise.all(Array.from({ length: 10 }, () => join().catch(() => {})));
  }

  has(threadId: number): boolean {
    return this.#connections.some(connection => connection.threadId === threadId);
  }

  leave(): void {
    for (const connection of this.#connections) connection.destroy();
    this.#connections = [];
  }
}

/** Ends the connections of our programs. */
async function throwOut(admin: Connection, crowd: Crowd): Promise<void> {
  const [processes] = await admin.query<ProcessRow[]>("SHOW PROCESSLIST");
  for (const { Id, User } of processes) {
    if (User === "floodgate" && !crowd.has(Id)) await admin.query(`KILL ${Id}`).catch(() => {});
  }
}

export const mysqlFaults: readonly Fault[] = [
  untilPassesFail("mysql killed and restarted", async ({ site }) => {
    await site.database.child.kill();
    await sleep(300);
    await site.restartDatabase();
  }),
  {
    // 3 s in the short run, 60 s in the long one.
    ...untilPassesFail("mysql away", async incident => {
      await incident.site.database.child.kill();
      await sleep(Math.min(60, 3 * incident.scale) * SECOND);
      await incident.site.restartDatabase();
    }),
    isLong: true,
  },
  {
    name: "mysql stopped",
    inject: async incident => {
      const { child } = incident.site.database;
      const before = incident.history.count("ok");
      await child.pause();
      await incident.pause(1_500, 2_500 * incident.scale);
      incident.noteEvidence("votes taken meanwhile", incident.history.count("ok") - before);
      child.signal("SIGCONT");
    },
  },
  untilPassesFail(
    "mysql read-only",
    async ({ site }) => {
      await site.query("SET GLOBAL read_only = 1");
    },
    async ({ site }) => {
      await site.query("SET GLOBAL read_only = 0");
    },
  ),
  {
    name: "mysql deadlocks",
    inject: async incident => {
      const { site } = incident;
      const rival = await createConnection({ uri: site.database.adminUrl });
      await rival.query(
        "CREATE TABLE IF NOT EXISTS floodgate.deadlock_ballast (text VARCHAR(100)) ENGINE = InnoDB",
      );
      try {
        const before = await status(incident, "Innodb_deadlocks");
        await waitUntil(
          "a deadlock",
          async () => {
            await provokeDeadlock(rival);
            incident.noteEvidence(
              "deadlocks",
              (await status(incident, "Innodb_deadlocks")) - before,
            );
            return incident.evidence.deadlocks !== undefined;
          },
          { withinMs: 20 * SECOND },
        );
      } finally {
        await rival.query("DROP TABLE floodgate.deadlock_ballast");
        await rival.end();
      }
    },
  },
  {
    name: "mysql out of connections",
    inject: async incident => {
      const { site } = incident;
      const failures = failuresOf(incident);
      // Kept all the time: there may be no place for another one.
      const admin = await createConnection({ uri: site.database.adminUrl });
      const crowd = new Crowd(site.database.url);
      try {
        await admin.query("SET GLOBAL max_connections = 10");
        // Ours come back at once, and sometimes win a place: they are thrown out until a pass has failed.
        await waitUntil(
          "a pass to fail",
          async () => {
            await crowd.fill();
            await throwOut(admin, crowd);
            await crowd.fill();
            return failures() > 0;
          },
          { withinMs: 15 * SECOND },
        );
      } finally {
        crowd.leave();
        await admin.query("SET GLOBAL max_connections = 200");
        await admin.end();
      }
      incident.noteEvidence("passes failed", failures());
    },
  },
  {
    name: "mysql answers to COMMIT lost",
    inject: async incident => {
      const proxy = incident.site.proxies.database;
      if (!proxy) throw new RangeError("the site has no proxies");
      const before = proxy.faultsHit;
      proxy.loseAnswers((_, request) => request.includes("transaction.commit"));
      await waitUntil("an answer to be lost", () => proxy.faultsHit - before >= 2);
      incident.noteEvidence("answers to COMMIT lost", proxy.faultsHit - before);
    },
  },
  {
    // A node of a cluster that is being replaced answers ER_UNKNOWN_COM_ERROR to what it is asked, now and then.
    name: "mysql answers 1047 for a while",
    inject: async incident => {
      const proxy = incident.site.proxies.database;
      if (!proxy) throw new RangeError("the site has no proxies");
      const failures = failuresOf(incident);
      const before = proxy.faultsHit;
      let inserts = 0;
      answerStatements(proxy, statement => {
        // Ballots meet it many times in a row: often enough to narrow a whole window down to one ballot, however many
        // slots a slow machine has let wait. Other statements meet it now and then.
        const bringsBallots = statement === "ballots.insert" || statement === "ballots.load";
        const isHit = bringsBallots ? inserts++ % 50 < 40 : incident.random() < 0.02;
        return isHit ? failed(1047) : undefined;
      });
      await incident.pause(3_000, 5_000 * incident.scale);
      await waitUntil("a pass to fail", () => failures() > 0, { withinMs: 15 * SECOND });
      incident.noteEvidence("statements answered with 1047", proxy.faultsHit - before);
    },
  },
];
