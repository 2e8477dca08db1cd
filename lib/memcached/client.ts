/**
 * One memcached server, as the rest of the product sees it: a current session, made again when it
 * went bad, and plain calls for whoever does not care which connection they travel on.
 *
 * The queue does care (a slot must go over the connection that its number came from) and asks for the
 * session itself.
 *
 * Invariant: no operation is repeated here, with one exception that is safe: `read`, whose pipeline
 * only reads, is sent once more when the first session closed under it.
 */
import { monotonicMs } from "../clock.ts";
import { isMemcachedFailure, MemcachedFailure } from "./failure.ts";
import type { Pipeline, Replies } from "./pipeline.ts";
import { type Address, Session } from "./session.ts";

export interface ClientTimeouts {
  /** Longest wait for a connection, in milliseconds. */
  readonly connectMs: number;
  /** Longest wait for the answers to one pipeline, in milliseconds. */
  readonly answerMs: number;
}

export const defaultTimeouts: ClientTimeouts = { connectMs: 400, answerMs: 500 };

/** After a failed connection attempt, calls fail at once for this long instead of trying again. */
const reconnectPauseMs = 50;
/** memcached runs with `idle_timeout=60`: leave before being thrown out in the middle of a request. */
const idleMsMax = 45_000;

export class MemcachedClient {
  readonly address: Address;
  readonly #timeouts: ClientTimeouts;
  #session: Session | undefined;
  #connecting: Promise<Session> | undefined;
  #retryAtMs = 0;
  #closed = false;

  constructor(address: Address, timeouts: ClientTimeouts = defaultTimeouts) {
    this.address = address;
    this.#timeouts = timeouts;
  }

  /** `host:port`. */
  get name(): string {
    return `${this.address.host}:${this.address.port}`;
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
    if (monotonicMs() < this.#retryAtMs) {
      return Promise.reject(new MemcachedFailure("not_sent", `${this.name} was just unreachable`));
    }
    this.#connecting = this.#connect();
    return this.#connecting;
  }

  async #connect(): Promise<Session> {
    try {
      const session = await Session.connect(this.address, this.#timeouts.connectMs);
      if (this.#closed) {
        session.close("the client is closed");
        throw new MemcachedFailure("not_sent", "the client is closed");
      }
      this.#session = session;
      return session;
    } catch (error) {
      this.#retryAtMs = monotonicMs() + reconnectPauseMs;
      throw error;
    } finally {
      this.#connecting = undefined;
    }
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
   * Sends a pipeline of `get`s and `stats` only; once more when a session that had been sitting idle
   * turned out to be closed.
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
 * The servers of a comma-separated list. There is no re-hashing: whoever needs a server for a key
 * takes it by a fixed rule, and when that server is away, it is away.
 */
export function connectMemcached(
  servers: readonly Address[],
  timeouts: ClientTimeouts = defaultTimeouts,
): MemcachedClient[] {
  return servers.map(address => new MemcachedClient(address, timeouts));
}
