/**
 * All checks, in the order in which an operator wants to read them. Reads only, and takes seconds: a server that hangs
 * costs one deadline, and the checks that need it are left out.
 */
import { SECOND } from "#lib/base/clock.ts";
import { createLog } from "#lib/base/log.ts";
import type { Config } from "#lib/config/config.ts";
import { type Connections, connectServers } from "#lib/program/connections.ts";
import { isStoreFailure, orWhenMysqlFails } from "#lib/store/failure.ts";
import { checkBackups } from "./backups.ts";
import { checkBooks, checkDrift, checkLetters } from "./counts.ts";
import { type Finding, wrong } from "./finding.ts";
import { checkFleet } from "./fleet-members.ts";
import { checkMemcached } from "./memcached.ts";
import { checkMysql, checkWriting } from "./mysql.ts";
import { checkNode } from "./node.ts";
import { checkFront, checkWorker, countSlots } from "./processes.ts";
import { checkQueues } from "./queues.ts";
import { checkMigrations } from "./schema.ts";
import { checkRotation } from "./secret-rotation.ts";
import { checkSecrets, checkSettings } from "./settings.ts";

const connectionsMax = 2;
const statementMsMax = 3 * SECOND;

/** @param from - where the settings came from, for people. */
export async function examine(config: Config, from: string): Promise<Finding[]> {
  const log = createLog("doctor", "silent");
  const limits = { connectionsMax, statementMs: statementMsMax };
  const connections = connectServers(config, log, limits);
  // Those of the settings, which may be about to be added, and those that the site has agreed on.
  const { all: configured, queueServers: configuredQueues } = connections.placement;
  await orWhenMysqlFails(connections.agreed.take(), () => undefined);
  const { all: agreed, queueServers } = connections.placement;
  const servers = [...new Set([...configured, ...agreed])];
  const queues = new Set([...configuredQueues, ...queueServers]);
  const ofServers = await Promise.all(
    servers.map(server => checkMemcached(server, config, queues.has(server))),
  );
  const [database, worker, front] = await Promise.all([
    checkDatabase(connections, config),
    checkWorker(config, queueServers),
    checkFront(config),
  ]);
  for (const server of servers) server.close();
  return [
    ...checkSettings(config, from),
    ...checkSecrets(config),
    ...checkNode(),
    ...ofServers.flat(),
    ...database,
    ...worker,
    ...front,
  ];
}

const isNotOkOfMysql = ({ level, about }: Finding): boolean => level !== "ok" || about !== "MySQL";

/** MySQL and its content: the content only when MySQL can be used and the schema fits. */
async function checkDatabase(deps: Connections, config: Config): Promise<Finding[]> {
  const {
    store,
    placement: { queueServers },
  } = deps;
  const { findings: found, answers } = await checkMysql(store, config);
  if (!answers) return found;
  await deps.clock.measure();
  try {
    found.push(...(await checkMigrations(store)));
    if (found.some(({ section }) => section === "the-schema-does-not-fit")) return found;
    const refused = await checkWriting(store, deps.clock.nowMs());
    if (refused.length > 0) return [...found.filter(isNotOkOfMysql), ...refused];
    found.push(...(await checkFleet(deps.fleet, config)));
    found.push(...(await checkRotation(store, config, deps.fleet.members)));
    found.push(...(await checkQueues(queueServers, store, config)));
    found.push(...(await checkBooks(store, () => countSlots(config, queueServers))));
    found.push(...(await checkLetters(store)));
    found.push(...(await checkDrift(deps)));
    found.push(...(await checkBackups(store, deps.clock.nowMs())));
  } catch (error) {
    if (!isStoreFailure(error)) throw error;
    if (error.kind === "mismatch") {
      const says = `MySQL refuses a statement of this program (${error.message})`;
      const todo =
        "Run `npm run migrate`, or GRANT ALL on this database to the user in DATABASE_URL.";
      found.push(wrong("schema", "the-schema-does-not-fit", says, todo));
      return found;
    }
    const says = `went away, or was too slow, during the checks (${error.message})`;
    found.push(wrong("MySQL", "mysql-is-away", says, "Check its load and its log, and try again."));
  }
  return found;
}
