/**
 * The servers of the configuration, connected: the same wiring for a front, the worker and the operators' commands.
 *
 * In `program/`, because it needs the settings, both kinds of servers and what tallies are compared with, and every
 * composition root imports it.
 */
import type { Log } from "../base/log.ts";
import type { Config } from "../config/config.ts";
import type { Address } from "../config/setting-types.ts";
import { AgreedServers } from "../fleet/agreed-servers.ts";
import { FleetCopies } from "../fleet/fleet-copies.ts";
import { FleetRecord } from "../fleet/fleet-record.ts";
import { SiteClock } from "../fleet/site-clock.ts";
import { connectMemcached, type MemcachedClient } from "../memcached/client.ts";
import { Placement } from "../memcached/placement.ts";
import { QueueHomes } from "../queue/queue-homes.ts";
import type { TallyDeps } from "../rebuild/rebuild.ts";
import { readDatabaseClock } from "../store/clock.ts";
import { Store, type StoreOptions } from "../store/database.ts";

export interface Connections extends TallyDeps {
  readonly agreed: AgreedServers;
  readonly homes: QueueHomes;
  readonly fleet: FleetRecord;
  readonly clock: SiteClock;
  readonly close: () => Promise<void>;
}

/** What a program asks of MySQL. */
export type StoreLimits = Omit<StoreOptions, "url" | "connectMs">;

/** Opens no connection yet: each is made when it is first needed. */
export function connectServers(config: Config, log: Log, limits: StoreLimits): Connections {
  const store = new Store({ url: config.databaseUrl, ...limits });
  const homes = new QueueHomes(config.queueHomes);
  const memcached = connectMemcached(config.memcachedServers, log);
  const queueServers = connectMemcached(config.queueServers, log, memcached);
  const known = [...memcached, ...queueServers];
  const connect = (name: string) => {
    const [client] = connectMemcached([addressOf(name)], log);
    known.push(client as MemcachedClient);
    return client as MemcachedClient;
  };
  const placement = new Placement(memcached, config.queueCopies, queueServers, connect);
  const configured = {
    memcached: memcached.map(({ name }) => name),
    queues: queueServers.map(({ name }) => name),
  };
  const agreed = new AgreedServers({ store, log, placement, configured });
  return {
    store,
    log,
    clock: new SiteClock({
      log,
      servers: () => placement.all,
      readDatabase: () => readDatabaseClock(store),
    }),
    placement,
    agreed,
    homes,
    fleet: new FleetRecord(store, log, homes, new FleetCopies(() => placement.all), agreed),
    copies: config.queueCopies,
    close: async () => {
      for (const server of known) server.close();
      await store.close();
    },
  };
}

/** @param name - `host:port`. */
function addressOf(name: string): Address {
  const at = name.lastIndexOf(":");
  const host = name.slice(0, at).replace(/^\[(.*)\]$/, "$1");
  return { host, port: Number(name.slice(at + 1)) };
}
