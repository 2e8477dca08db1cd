/**
 * The wires between processes and one memcached server. `SimulatedSession` stands in the place of the product's
 * `Session`: one connection, in order, thrown away at the first doubt. Everything above it is the product's own code.
 */
import { MemcachedFailure } from "#lib/memcached/failure.ts";
import type { Pipeline, Replies } from "#lib/memcached/pipeline.ts";
import type { FakeMemcached } from "./fake-memcached.ts";
import type { SimulatedProcess, Simulation } from "./scheduler.ts";

/** `silent`: packets wait until it goes on; `refusing`: there is no process. */
type Reachability = "up" | "refusing" | "silent";

const firstOpaque = 1;

export class MemcachedNetwork {
  readonly simulation: Simulation;
  readonly server: FakeMemcached;
  state: Reachability = "up";
  /** While true, packets are late now and then. */
  slow = false;
  readonly #sessions = new Set<SimulatedSession>();
  #whenAnswering: (() => void)[] = [];

  constructor(simulation: Simulation, server: FakeMemcached) {
    this.simulation = simulation;
    this.server = server;
  }

  /** How long the next packet takes; when the network is slow, now and then longer than any deadline or lease. */
  latencyMs(): number {
    const { simulation } = this;
    const kind = this.slow ? simulation.random() : 0;
    if (kind < 0.85) return simulation.between(0.1, 0.8);
    return kind < 0.97 ? simulation.between(1, 150) : simulation.between(1, 4_500);
  }

  /** Stands where `Session.connect` does. @throws MemcachedFailure `not_sent`. */
  async connect(timeoutMs: number): Promise<SimulatedSession> {
    const { simulation } = this;
    if (this.state === "refusing") {
      await simulation.sleep(this.latencyMs());
      throw new MemcachedFailure("not_sent", "connection refused");
    }
    // The kernel of a stopped server accepts connections.
    await simulation.sleep(Math.min(timeoutMs, this.latencyMs()));
    const session = new SimulatedSession(this, simulation.current);
    this.#sessions.add(session);
    return session;
  }

  /** Runs `work` when the server answers: at once, unless it is stopped. */
  whenAnswering(work: () => void): void {
    if (this.state === "silent") this.#whenAnswering.push(work);
    else work();
  }

  set(state: Reachability): void {
    this.state = state;
    if (state === "refusing") this.cutAll();
    if (state === "silent") return;
    for (const work of this.#whenAnswering.splice(0)) work();
  }

  /** Killed: it refuses connections until it is started again, empty. */
  kill(): void {
    this.#whenAnswering = [];
    this.server.restart();
    this.set("refusing");
  }

  closed(session: SimulatedSession): void {
    this.#sessions.delete(session);
  }

  /** Breaks every connection. */
  cutAll(): void {
    for (const session of [...this.#sessions]) session.cut();
  }

  /** Breaks one connection. */
  cutOne(): void {
    const sessions = [...this.#sessions];
    if (sessions.length > 0) this.simulation.pick(sessions).cut();
  }
}

export class SimulatedSession {
  onSilence: () => void = () => {};
  readonly #network: MemcachedNetwork;
  readonly #process: SimulatedProcess;
  readonly #restarts: number;
  readonly #inFlight = new Set<(failure: MemcachedFailure) => void>();
  #arrivesMs = 0;
  #answersMs = 0;
  #lastUsedMs: number;
  #closed = false;

  constructor(network: MemcachedNetwork, process: SimulatedProcess) {
    this.#network = network;
    this.#process = process;
    this.#restarts = network.server.restarts;
    this.#lastUsedMs = network.simulation.nowMs;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get idleMs(): number {
    return this.#network.simulation.nowMs - this.#lastUsedMs;
  }

  send(pipeline: Pipeline, timeoutMs: number): Promise<Replies> {
    if (this.#closed) return Promise.reject(new MemcachedFailure("not_sent", "closed"));
    const network = this.#network;
    const { simulation, server } = network;
    const bytes = pipeline.encode(firstOpaque);
    this.#lastUsedMs = simulation.nowMs;
    return new Promise((resolve, reject) => {
      this.#inFlight.add(reject);
      const deadline = simulation.after(timeoutMs, () => {
        if (!this.#inFlight.has(reject)) return;
        this.close("no answer in time");
        this.onSilence();
      });
      const settle = (result: () => void) => {
        if (!this.#inFlight.delete(reject)) return;
        deadline.run = undefined;
        result();
      };
      this.#arrivesMs = Math.max(this.#arrivesMs, simulation.nowMs + network.latencyMs());
      // A packet that was sent arrives, also when its sender has given up, but never at a server started since.
      const arrive = () => {
        if (server.restarts !== this.#restarts) return;
        const replies = server.execute(bytes, firstOpaque);
        this.#answersMs = Math.max(this.#answersMs, simulation.nowMs + network.latencyMs());
        const answersInMs = this.#answersMs - simulation.nowMs;
        simulation.after(answersInMs, () => settle(() => resolve(replies)), this.#process);
      };
      simulation.after(
        this.#arrivesMs - simulation.nowMs,
        () => network.whenAnswering(arrive),
        simulation.surroundings,
      );
    });
  }

  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#network.closed(this);
    for (const reject of this.#inFlight) reject(new MemcachedFailure("unknown", reason));
    this.#inFlight.clear();
  }

  /** The network or the server ends it: its process hears of it a moment later. */
  cut(): void {
    this.#network.closed(this);
    const { simulation } = this.#network;
    simulation.after(this.#network.latencyMs(), () => this.close("cut"), this.#process);
  }
}
