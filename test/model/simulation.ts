/**
 * Time and network of a simulated run: nothing happens but the next event, at a time that random numbers
 * decide, so that a run of minutes takes milliseconds and the same numbers give the same run.
 *
 * While a simulation runs it stands in for the process's clock, timers and `Math.random`: the code under
 * test is the product's own, and does not know.
 */
import { MemcachedFailure } from "#lib/memcached/failure.ts";
import type { Pipeline, Replies } from "#lib/memcached/pipeline.ts";
import type { FakeMemcached } from "./fake-memcached.ts";

interface Event {
  readonly atMs: number;
  readonly run: () => void;
  cancelled: boolean;
}

const firstOpaque = 1;
const real = { setTimeout, clearTimeout, setImmediate, now: performance.now, random: Math.random };

export class Simulation {
  nowMs = 10_000;
  readonly random: () => number;
  /** In the order of their time. */
  readonly #events: Event[] = [];

  constructor(random: () => number) {
    this.random = random;
  }

  after(ms: number, run: () => void): Event {
    const event: Event = { atMs: this.nowMs + Math.max(0, ms), run, cancelled: false };
    let at = this.#events.length;
    while (at > 0 && (this.#events[at - 1] as Event).atMs > event.atMs) at -= 1;
    this.#events.splice(at, 0, event);
    return event;
  }

  sleep(ms: number): Promise<void> {
    return new Promise(resolve => this.after(ms, resolve));
  }

  /** Runs events until `done`, or until nothing is left to happen. False: time was up before. */
  async run(done: () => boolean, untilMs: number): Promise<boolean> {
    const restore = this.#install();
    try {
      while (!done()) {
        const event = this.#events.shift();
        if (!event || event.atMs > untilMs) return false;
        if (event.cancelled) continue;
        this.nowMs = event.atMs;
        event.run();
        // Lets everything that this event has settled run to its next wait.
        await new Promise(resolve => real.setImmediate(resolve));
      }
      return true;
    } finally {
      restore();
    }
  }

  #install(): () => void {
    performance.now = () => this.nowMs;
    Math.random = this.random;
    globalThis.setTimeout = ((run: () => void, ms: number) =>
      this.after(ms, run)) as unknown as typeof setTimeout;
    globalThis.clearTimeout = ((event: Event | undefined) => {
      if (event) event.cancelled = true;
    }) as unknown as typeof clearTimeout;
    return () => {
      performance.now = real.now;
      Math.random = real.random;
      globalThis.setTimeout = real.setTimeout;
      globalThis.clearTimeout = real.clearTimeout;
    };
  }
}

/** The wires between processes and one server. */
export class Network {
  readonly simulation: Simulation;
  readonly server: FakeMemcached;
  readonly #sessions = new Set<SimulatedSession>();
  /** While true, packets are delayed for long now and then, and connections break. */
  troubled = true;

  constructor(simulation: Simulation, server: FakeMemcached) {
    this.simulation = simulation;
    this.server = server;
  }

  /** How long the next packet takes: now and then longer than any deadline, lease or grace time. */
  latencyMs(): number {
    const { random } = this.simulation;
    const kind = this.troubled ? random() : 0;
    if (kind < 0.92) return 0.2 + random() * 3;
    return kind < 0.98 ? random() * 120 : random() * 4_500;
  }

  open(): SimulatedSession {
    const session = new SimulatedSession(this);
    this.#sessions.add(session);
    return session;
  }

  closed(session: SimulatedSession): void {
    this.#sessions.delete(session);
  }

  /** Breaks any one connection. */
  cut(random: number): void {
    [...this.#sessions][Math.floor(random * this.#sessions.size)]?.close("cut");
  }

  /** The server is killed and started again, empty. */
  restart(): void {
    this.server.restart();
    for (const session of [...this.#sessions]) session.close("the server went away");
  }
}

/** Stands where `Session` does: one connection, in order, thrown away at the first doubt. */
export class SimulatedSession {
  readonly #network: Network;
  readonly #restarts: number;
  readonly #inFlight = new Set<(failure: MemcachedFailure) => void>();
  #arrivesMs = 0;
  #answersMs = 0;
  closed = false;

  constructor(network: Network) {
    this.#network = network;
    this.#restarts = network.server.restarts;
  }

  send(pipeline: Pipeline, timeoutMs: number): Promise<Replies> {
    if (this.closed) return Promise.reject(new MemcachedFailure("not_sent", "closed"));
    const { simulation, server } = this.#network;
    const bytes = pipeline.encode(firstOpaque);
    return new Promise((resolve, reject) => {
      this.#inFlight.add(reject);
      simulation.after(timeoutMs, () => {
        if (this.#inFlight.has(reject)) this.close("no answer in time");
      });
      this.#arrivesMs = Math.max(this.#arrivesMs, simulation.nowMs + this.#network.latencyMs());
      // A sent packet arrives, also when its sender has given up, but never after a restart of the server.
      simulation.after(this.#arrivesMs - simulation.nowMs, () => {
        if (server.restarts !== this.#restarts) return;
        const replies = server.execute(bytes, firstOpaque);
        this.#answersMs = Math.max(this.#answersMs, simulation.nowMs + this.#network.latencyMs());
        simulation.after(this.#answersMs - simulation.nowMs, () => {
          if (this.#inFlight.delete(reject)) resolve(replies);
        });
      });
    });
  }

  close(reason: string): void {
    this.closed = true;
    this.#network.closed(this);
    for (const reject of this.#inFlight) reject(new MemcachedFailure("unknown", reason));
    this.#inFlight.clear();
  }
}

/** Stands where `MemcachedClient` does, without its circuit: every process has one of its own. */
export class SimulatedClient {
  readonly name = "simulated:11211";
  readonly available = true;
  readonly awayMs = 0;
  readonly timeouts = { connectMs: 400, answerMs: 500 };
  readonly #network: Network;
  #session: SimulatedSession | undefined;
  #killed = false;

  constructor(network: Network) {
    this.#network = network;
  }

  suspend(): void {}

  /** Its process is dead: what it waits for never comes, and it asks for nothing more. */
  kill(): void {
    this.#killed = true;
  }

  session(): Promise<SimulatedSession> {
    if (this.#killed) return new Promise(() => {});
    if (!this.#session || this.#session.closed) this.#session = this.#network.open();
    return Promise.resolve(this.#session);
  }

  async send(pipeline: Pipeline): Promise<Replies> {
    return (await this.session()).send(pipeline, this.timeouts.answerMs);
  }

  read(pipeline: Pipeline): Promise<Replies> {
    return this.send(pipeline);
  }
}
