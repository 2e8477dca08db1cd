/**
 * The wires between processes and the fake MySQL: each connection carries one statement after the other, in order.
 * `connect` stands in the place of `Store.connect`; the product's own code does everything above that, transactions and
 * time-outs included.
 */
import type { SimulatedProcess, Simulation } from "../scheduler.ts";
import { connectionLost, connectionRefused } from "./errors.ts";
import { type FakeMysql, type Request, Session, SessionLost, textOf } from "./fake-mysql.ts";
import type { Cell } from "./tables.ts";

export type Reachability = "up" | "refusing" | "silent";

/** As the product sets `idle_write_transaction_timeout`. */
const idleWriteMs = 5_000;
/** As `connectTimeout` of the product's pools. */
const connectMs = 2_000;

export class MysqlNetwork {
  readonly simulation: Simulation;
  readonly server: FakeMysql;
  state: Reachability = "up";
  /** Called when it answers again. */
  #whenAnswering: (() => void)[] = [];
  readonly connections = new Set<Connection>();

  constructor(simulation: Simulation, server: FakeMysql) {
    this.simulation = simulation;
    this.server = server;
  }

  latencyMs(): number {
    return this.simulation.between(0.2, 1.5);
  }

  /** Stands where `Store.connect` does. @throws StoreFailure in the end, from what it throws. */
  async connect(): Promise<Connection> {
    const process = this.simulation.current;
    if (this.state === "refusing") {
      await this.simulation.sleep(1);
      throw connectionRefused();
    }
    if (this.state === "silent") {
      await this.simulation.sleep(connectMs);
      if (this.state === "silent") throw Object.assign(connectionRefused(), { code: "ETIMEDOUT" });
    }
    const connection = new Connection(this, process);
    this.connections.add(connection);
    return connection;
  }

  /** Runs `work` when the server answers: at once, unless it is silent. */
  whenAnswering(work: () => void): void {
    if (this.state === "silent") this.#whenAnswering.push(work);
    else work();
  }

  set(state: Reachability): void {
    this.state = state;
    if (state === "refusing") this.dropAll();
    if (state === "silent") return;
    for (const work of this.#whenAnswering.splice(0)) work();
  }

  /** The server ends every connection. */
  dropAll(): void {
    for (const connection of [...this.connections]) connection.drop();
  }

  /** A process is dead: the server sees its connections end. */
  processDied(process: SimulatedProcess): void {
    const { simulation } = this;
    for (const each of [...this.connections]) {
      if (each.process !== process) continue;
      simulation.after(this.latencyMs(), () => each.drop(), simulation.surroundings);
    }
  }
}

/** Stands where mysql2's `PoolConnection` does. */
export class Connection {
  readonly process: SimulatedProcess;
  /** Where `Store` looks for its session's setup. */
  readonly connection = {};
  readonly #network: MysqlNetwork;
  readonly #session: Session;
  readonly #unanswered = new Set<(error: Error) => void>();
  /** Statements arrive in order. */
  #arrived: Promise<unknown> = Promise.resolve();
  #lastStatementMs = 0;
  #closed = false;

  constructor(network: MysqlNetwork, process: SimulatedProcess) {
    this.#network = network;
    this.process = process;
    this.#session = new Session(network.server);
  }

  query(request: Request, values: readonly Cell[] = []): Promise<[unknown]> {
    const { simulation } = this.#network;
    return new Promise((resolve, reject) => {
      if (this.#closed || this.#session.ended) {
        simulation.after(0, () => reject(connectionLost()));
        return;
      }
      this.#unanswered.add(reject);
      const answer = (settle: () => void) =>
        simulation.after(
          this.#network.latencyMs(),
          () => {
            if (this.#unanswered.delete(reject)) settle();
          },
          this.process,
        );
      const execute = () =>
        this.#session.execute(request, values).then(
          result => answer(() => resolve([result])),
          error => {
            if (error instanceof SessionLost) this.drop();
            else answer(() => reject(error));
          },
        );
      const arrive = () => {
        this.#network.whenAnswering(() => {
          this.#arrived = this.#arrived.then(() => {
            this.#lastStatementMs = simulation.nowMs;
            return execute();
          });
          if (textOf(request).includes("START TRANSACTION")) this.#endWhenIdle();
        });
      };
      simulation.after(this.#network.latencyMs(), arrive, simulation.surroundings);
    });
  }

  release(): void {
    this.#end();
  }

  /** Ends the connection from the product's side; what is under way is executed, and not committed. */
  destroy(): void {
    this.#end();
  }

  /** Ends the connection from the server's side. */
  drop(): void {
    this.#session.end();
    this.#network.connections.delete(this);
    for (const reject of this.#unanswered) {
      this.#network.simulation.after(
        this.#network.latencyMs(),
        () => reject(connectionLost()),
        this.process,
      );
    }
    this.#unanswered.clear();
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#unanswered.clear();
    const { simulation } = this.#network;
    const end = () =>
      this.#network.whenAnswering(() => {
        void this.#arrived.then(() => {
          this.#session.end();
          this.#network.connections.delete(this);
        });
      });
    if (!this.#session.inTransaction) {
      this.#session.end();
      this.#network.connections.delete(this);
    } else simulation.after(this.#network.latencyMs(), end, simulation.surroundings);
  }

  /** A transaction that wrote and goes on with nothing is ended, as MariaDB does it. */
  #endWhenIdle(): void {
    const { simulation } = this.#network;
    const check = () => {
      if (this.#session.ended || !this.#session.inTransaction) return;
      const idleMs = simulation.nowMs - this.#lastStatementMs;
      if (idleMs >= idleWriteMs && this.#session.hasWritten) this.drop();
      else simulation.after(Math.max(100, idleWriteMs - idleMs), check, simulation.surroundings);
    };
    simulation.after(idleWriteMs, check, simulation.surroundings);
  }
}
