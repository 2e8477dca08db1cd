/**
 * One memcached server: a current session, replaced when it fails, and plain calls for callers that need no particular
 * connection. The queue needs one (a slot must be written over the connection that its number came from), so it asks
 * for the session itself.
 *
 * A circuit breaker (`base/circuit-breaker.ts`) opens when a call is not answered in time or no connection can be
 * made: calls then fail at once, as `not_sent`. The client makes the trials itself, by probes. So a server that is
 * stopped or cut off costs one deadline, not one for each call.
 *
 * Invariant: no operation is repeated here, with one exception that is safe: `read`, whose pipeline
 * only reads, is sent once more when the first try failed well before its deadline.
 */
import { CircuitBreaker } from "../base/circuit-breaker.ts";
import { monotonicMs, sleep } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { type Address, addressText } from "../config/setting-types.ts";
import { isMemcachedFailure, MemcachedFailure } from "./failure.ts";
import { Pipeline, type Replies } from "./pipeline.ts";
import { Session } from "./session.ts";

export interface ClientTimeouts {
  /** Longest wait for a connection, in milliseconds. */
  readonly connectMs: number;
  /** Longest wait for the answers to one pipeline, in milliseconds. */
  readonly answerMs: number;
}

export const defaultTimeouts: ClientTimeouts = { connectMs: 400, answerMs: 500 };

/** Pause between two probes of a server whose circuit is open. */
const probePauseMs = 100;
/** A server that was given up as too slow must answer a probe within this time, well below what was too slow. */
const quickAnswerMs = 100;
/** memcached runs with `idle_timeout=60`: close an idle session before memcached does so in the middle of a request. */
const idleMsMax = 45_000;

export class MemcachedClient {
  readonly address: Address;
  /** Called when the circuit opens (false) and when it closes again (true). */
  onAvailability: (available: boolean) => void = () => {};
  readonly #timeouts: ClientTimeouts;
  #session: Session | undefined;
  #connecting: Promise<Session> | undefined;
  /** The server was given up for being slow, not for being silent. */
  #slow = false;
  readonly #circuit = new CircuitBreaker({
    trialPauseMs: probePauseMs,
    onAvailability: available => this.onAvailability(available),
  });
  #closed = false;

  constructor(address: Address, timeouts: ClientTimeouts = defaultTimeouts) {
    this.address = address;
    this.#timeouts = timeouts;
  }

  /** `host:port`. */
  get name(): string {
    return addressText(this.address);
  }

  /** False while calls fail without being tried. */
  get available(): boolean {
    return this.#circuit.available && !this.#closed;
  }

  /** How long the server has been away; 0 while it is up. */
  get awayMs(): number {
    return this.#circuit.awayMs;
  }

  get timeouts(): ClientTimeouts {
    return this.#timeouts;
  }

  /**
   * The current session, or a new one. Callers that arrive while one is being opened share it.
   *
   * @throws MemcachedFailure `not_sent` when the server can't be reached.
   */
  session(): Promise<Session> {
    if (this.#closed) {
      return Promise.reject(new MemcachedFailure("not_sent", "the client is closed"));
    }
    const current = this.#session;
    if (current && !current.closed) {
      if (current.idleMs < idleMsMax) return Promise.resolve(current);
      current.close("idle for too long");
    }
    if (this.#connecting !== undefined) return this.#connecting;
    if (!this.#circuit.available) {
      return Promise.reject(new MemcachedFailure("not_sent", `${this.name} does not answer`));
    }
    this.#connecting = this.#connect();
    return this.#connecting;
  }

  async #connect(): Promise<Session> {
    try {
      const session = await this.#newSession();
      if (this.#closed) {
        session.close("the client is closed");
        throw new MemcachedFailure("not_sent", "the client is closed");
      }
      this.#session = session;
      return session;
    } catch (error) {
      this.#openCircuit();
      throw error;
    } finally {
      this.#connecting = undefined;
    }
  }

  /**
   * Gives the server up because it is much slower than another one. Calls in flight settle as `unknown`, and later
   * calls fail until the server answers quickly again.
   */
  suspend(): void {
    if (!this.available) return;
    this.#slow = true;
    this.#openCircuit();
    this.#session?.close("the server was too slow");
  }

  /**
   * Opens a connection and waits for one answer on it. A connection alone proves little: a tunnel or a proxy in front
   * of a dead server accepts it, and so does the kernel of a stopped server.
   */
  async #newSession(): Promise<Session> {
    const session = await Session.connect(this.address, this.#timeouts.connectMs);
    try {
      await session.send(new Pipeline(), this.#slow ? quickAnswerMs : this.#timeouts.answerMs);
    } catch (cause) {
      throw new MemcachedFailure(
        "not_sent",
        `${this.name} accepts connections and does not answer`,
        { cause },
      );
    }
    session.onSilence = () => this.#openCircuit();
    return session;
  }

  /** Calls fail until a probe is answered. */
  #openCircuit(): void {
    if (!this.available) return;
    this.#circuit.noteFailure();
    void this.#probe();
  }

  async #probe(): Promise<void> {
    while (!this.#closed) {
      try {
        this.#session = await this.#newSession();
        break;
      } catch (error) {
        if (!isMemcachedFailure(error)) throw error;
        await sleep(probePauseMs);
      }
    }
    if (this.#closed) {
      this.#session?.close("the client is closed");
      return;
    }
    this.#slow = false;
    this.#circuit.noteSuccess();
  }

  /**
   * Sends one pipeline over the current session.
   *
   * @throws MemcachedFailure `not_sent` or `unknown`, see `memcached/failure.ts`.
   */
  async send(pipeline: Pipeline): Promise<Replies> {
    const session = await this.session();
    return session.send(pipeline, this.#timeouts.answerMs);
  }

  /**
   * Sends a pipeline of `get`s and `stats` only. Sends it once more when it failed within half of the time for an
   * answer, for example because an idle session turns out to be closed.
   *
   * @throws MemcachedFailure `not_sent` or `unknown`, see `memcached/failure.ts`.
   */
  async read(pipeline: Pipeline): Promise<Replies> {
    const session = await this.session();
    const startedMs = monotonicMs();
    try {
      return await session.send(pipeline, this.#timeouts.answerMs);
    } catch (error) {
      const elapsedMs = monotonicMs() - startedMs;
      if (!isMemcachedFailure(error) || elapsedMs > this.#timeouts.answerMs / 2) throw error;
      return this.send(pipeline);
    }
  }

  /** Closes the connection and refuses further calls. Calls in flight settle as `unknown`. */
  close(): void {
    this.#closed = true;
    this.#session?.close("the client was closed");
  }
}

/**
 * Clients for a list of servers; a client in `known` is used again. Each time a server goes away or comes back, one line
 * is logged.
 *
 * Keys are never re-hashed: the server of a key follows from a fixed rule, whether or not the server is away.
 */
export function connectMemcached(
  servers: readonly Address[],
  log: Log,
  known: readonly MemcachedClient[] = [],
): MemcachedClient[] {
  return servers.map(address => {
    const client = new MemcachedClient(address);
    const same = known.find(other => other.name === client.name);
    if (same) return same;
    client.onAvailability = available => {
      if (available) log.info({ event: "memcached_back", server: client.name });
      else log.warn({ event: "memcached_away", server: client.name });
    };
    return client;
  });
}
