/**
 * One memcached server, as the rest of the product sees it: a current session, made again when it
 * went bad, and plain calls for whoever does not care which connection they travel on.
 *
 * The queue does care (a slot must go over the connection that its number came from) and asks for the
 * session itself.
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
import type { Address } from "../config/setting-types.ts";
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

/** Between two probes of a server whose circuit is open. */
const probePauseMs = 100;
/** What a server that was given up as too slow has to answer within: well below what was too slow. */
const quickAnswerMs = 100;
/** memcached runs with `idle_timeout=60`: leave before being thrown out in the middle of a request. */
const idleMsMax = 45_000;

export class MemcachedClient {
  readonly address: Address;
  /** Called when the circuit opens (false) and when it closes again (true). */
  onAvailability: (available: boolean) => void = () => {};
  readonly #timeouts: ClientTimeouts;
  #session: Session | undefined;
  #connecting: Promise<Session> | undefined;
  /** It was given up for being slow, not for being silent. */
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
    return `${this.address.host}:${this.address.port}`;
  }

  /** False while calls fail without being tried. */
  get available(): boolean {
    return this.#circuit.available && !this.#closed;
  }

  /** For how long it has not answered; 0 while it does. */
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
   * Gives the server up: somebody waited for it while another one had long answered. What is in flight
   * settles as `unknown`, and nothing gets through until it answers quickly again.
   */
  suspend(): void {
    if (!this.available) return;
    this.#slow = true;
    this.#openCircuit();
    this.#session?.close("the server was too slow");
  }

  /**
   * A connection that has answered once. Being accepted says little: a tunnel or a proxy before a server
   * that is gone accepts, too, and a stopped server's kernel does.
   */
  async #newSession(): Promise<Session> {
    const session = await Session.connect(this.address, this.#timeouts.connectMs);
    try {
      await session.send(new Pipeline(), this.#slow ? quickAnswerMs : this.#timeouts.answerMs);
    } catch (cause) {
      throw new MemcachedFailure("not_sent", `${this.name} accepts and does not answer`, { cause });
    }
    session.onSilence = () => this.#openCircuit();
    return session;
  }

  /** No call gets through until a probe has. */
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
   * @throws MemcachedFailure `not_sent` or `unknown`, see there.
   */
  async send(pipeline: Pipeline): Promise<Replies> {
    const session = await this.session();
    return session.send(pipeline, this.#timeouts.answerMs);
  }

  /**
   * Sends a pipeline of `get`s and `stats` only; once more when that failed within half of the time for an
   * answer, as it does when a session that had been sitting idle turns out to be closed.
   *
   * @throws MemcachedFailure `not_sent` or `unknown`, see there.
   */
  async read(pipeline: Pipeline): Promise<Replies> {
    const session = await this.session();
    const startedMs = monotonicMs();
    try {
      return await session.send(pipeline, this.#timeouts.answerMs);
    } catch (error) {
      const wasted = monotonicMs() - startedMs;
      if (!isMemcachedFailure(error) || wasted > this.#timeouts.answerMs / 2) throw error;
      return this.send(pipeline);
    }
  }

  /** Closes the connection and refuses further calls. What is in flight settles as `unknown`. */
  close(): void {
    this.#closed = true;
    this.#session?.close("the client was closed");
  }
}

/**
 * Clients for a list of servers; one that is in `known` already is used again. Going away and coming back
 * is logged, once each.
 *
 * There is no re-hashing: whoever needs a server for a key takes it by a fixed rule, and when that server
 * is away, it is away.
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
