/**
 * The surroundings of a simulated site: memcached servers, a MySQL, and the wires to them. While a run lasts, the
 * product's own clients end here: `Session.connect` and `Store.connect` lead to the fakes, and a kickstart to the
 * simulated workers.
 */

import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import { Duplex } from "node:stream";
import type { Log } from "#lib/base/log.ts";
import type { Address } from "#lib/config/setting-types.ts";
import { Session } from "#lib/memcached/session.ts";
import { Kickstart } from "#lib/queue/kickstart.ts";
import { Store } from "#lib/store/database.ts";
import { translateConnecting } from "#lib/store/failure.ts";
import { FakeMemcached } from "./fake-memcached.ts";
import { MysqlNetwork } from "./mysql/connection.ts";
import { FakeMysql } from "./mysql/fake-mysql.ts";
import { MemcachedNetwork } from "./network.ts";
import type { RunHistory } from "./run-history.ts";
import type { Machine, SimulatedProcess, Simulation } from "./scheduler.ts";

const firstPort = 20_001;

export class World {
  readonly simulation: Simulation;
  readonly history: RunHistory;
  readonly memcached: readonly MemcachedNetwork[];
  readonly mysql: MysqlNetwork;
  readonly mysqlMachine: Machine = { name: "mysql", clockAheadMs: 0 };
  readonly memcachedMachine: Machine = { name: "memcached", clockAheadMs: 0 };
  /** Wake the workers. */
  readonly kickstarts = new Set<() => void>();

  constructor(simulation: Simulation, history: RunHistory, servers: number) {
    this.simulation = simulation;
    this.history = history;
    this.memcached = Array.from({ length: servers }, () => {
      const server = new FakeMemcached(() => simulation.nowMs);
      server.statistics = () => ({
        time: String(Math.floor((simulation.trueMs + this.memcachedMachine.clockAheadMs) / 1_000)),
        bytes: "1000",
        limit_maxbytes: "67108864",
      });
      return new MemcachedNetwork(simulation, server);
    });
    const fake = new FakeMysql({
      nowMs: () => simulation.trueMs + this.mysqlMachine.clockAheadMs,
      after: (ms, run) => void simulation.after(ms, run, simulation.surroundings),
    });
    this.mysql = new MysqlNetwork(simulation, fake);
  }

  get servers(): string {
    return this.memcached.map((_, index) => `127.0.0.1:${firstPort + index}`).join(",");
  }

  /** The server behind an address of the settings. */
  serverAt(port: number): MemcachedNetwork {
    return this.memcached[port - firstPort] as MemcachedNetwork;
  }

  /** A log of one process: its lines go into the history of the run. */
  logOf(process: SimulatedProcess): Log {
    const level = (name: string) => (fields: Readonly<Record<string, unknown>>) =>
      this.history.logged(process.name, name, fields);
    const names = ["debug", "info", "warn", "error", "fatal"];
    return Object.fromEntries(names.map((name: string) => [name, level(name)])) as unknown as Log;
  }

  /** Runs `work` in this world. */
  async installed<T>(work: () => Promise<T>): Promise<T> {
    const real = {
      session: Session.connect,
      store: Store.prototype.connect,
      kickstart: Kickstart.prototype.send,
      connect: net.connect,
    };
    Session.connect = (async ({ port }: Address, timeoutMs: number) =>
      this.serverAt(port).connect(timeoutMs)) as unknown as typeof Session.connect;
    Store.prototype.connect = ((name: string) =>
      this.mysql.connect().catch(error => {
        throw translateConnecting(error, name);
      })) as unknown as Store["connect"];
    Kickstart.prototype.send = () => this.#kick();
    net.connect = (({ port }: Address) =>
      crawler(this.serverAt(port))) as unknown as typeof net.connect;
    syncBuiltinESMExports();
    try {
      return await this.simulation.installed(work);
    } finally {
      Session.connect = real.session;
      Store.prototype.connect = real.store;
      Kickstart.prototype.send = real.kickstart;
      net.connect = real.connect;
      syncBuiltinESMExports();
    }
  }

  /** A datagram to every worker; now and then it gets lost. */
  #kick(): void {
    const { simulation } = this;
    if (simulation.chance(0.1)) return;
    for (const wake of this.kickstarts) {
      simulation.after(simulation.between(0.1, 2), wake, simulation.surroundings);
    }
  }
}

/** A connection in the text protocol, for the one command that the product sends over it. */
function crawler({ server, state }: MemcachedNetwork): Duplex {
  const socket = new Duplex({ read: () => {}, write: (_, __, done) => done() });
  if (state === "up") {
    socket.push(server.dump());
    socket.push(null);
  } else process.nextTick(() => socket.destroy(new Error("the server is away")));
  return Object.assign(socket, { setTimeout: () => socket });
}
