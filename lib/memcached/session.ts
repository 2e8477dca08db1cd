/**
 * One TCP connection to one memcached server. It is closed at the first doubt.
 *
 * memjs owns the socket and parses the answers; this module decides everything else, because memjs loses callbacks when
 * the peer closes, postpones its time-out with every write, sends an `incr` twice, and goes on parsing the bytes of a dead
 * connection.
 *
 * States: *connecting* → *open* → *closed*, never back. A session closes when the peer ends or resets it, when an answer
 * is overdue or belongs to no request, or when `close` is called. Everything in flight then settles as `unknown`, at
 * once.
 *
 * Invariant: every promise that is returned settles, at the latest when its deadline has passed.
 * Invariant: answers come in the order of the requests (the binary protocol promises it for one
 *   connection), so an answer outside the range of the oldest pipeline in flight means that the stream is
 *   corrupt.
 * Invariant: nothing is ever sent twice.
 *
 * Source: `docs/decisions/0003-memjs-behind-a-session.md`.
 */

import type { Socket } from "node:net";
import { Server } from "memjs";
import { monotonicMs } from "../base/clock.ts";
import { type Address, addressText } from "../config/setting-types.ts";
import { MemcachedFailure } from "./failure.ts";
import { type Pipeline, Replies, type Reply } from "./pipeline.ts";

interface InFlight {
  readonly firstOpaque: number;
  /** Number of the closing no-op: its answer ends the pipeline. */
  readonly lastOpaque: number;
  readonly deadlineMs: number;
  readonly replies: Map<number, Reply[]>;
  readonly resolve: (replies: Replies) => void;
  readonly reject: (failure: MemcachedFailure) => void;
}

/** What memjs passes to `respond`; its own typings lack most of it. */
interface ParsedMessage {
  readonly header: {
    readonly magic: number;
    readonly opcode: number;
    readonly status: number;
    readonly opaque: number;
    readonly cas: Buffer;
  };
  readonly key: Buffer;
  readonly val: Buffer;
}

/** The private parts of a memjs `Server` that this module uses; the reasons stand at the uses. */
interface MemjsServer {
  username: string | undefined;
  password: string | undefined;
  _socket?: Socket;
  respond(message: ParsedMessage): void;
  sock(sasl: boolean, go: (socket: Socket) => void): void;
}

const pipelinesInFlightMax = 1024;
const opaqueMax = 0x7fff_ffff;
const responseMagic = 0x81;
/** Longer than any deadline: memjs's own timers must never fire. */
const neverSeconds = 86_400;

export class Session {
  /** Called when this session is closed because an answer was overdue: the server may be stopped. */
  onSilence: () => void = () => {};
  readonly #socket: Socket;
  readonly #inFlight: InFlight[] = [];
  #nextOpaque = 1;
  #closed = false;
  #sweep: NodeJS.Timeout | undefined;
  #bytesReadAtSweep = 0;
  #lastUsedMs = monotonicMs();
  #corked = false;

  private constructor(server: MemjsServer, socket: Socket) {
    this.#socket = socket;
    server.respond = message => this.#receive(message);
    socket.on("end", () => this.close("the server ended the connection"));
    socket.on("close", () => this.close("the connection was closed"));
    // memjs destroys the socket on "error"; this listener only records the reason.
    socket.prependListener("error", error => this.close(`the connection broke: ${error.message}`));
  }

  /**
   * Opens a connection.
   *
   * @throws MemcachedFailure `not_sent` when it is refused, fails, or takes longer than `timeoutMs`.
   */
  static connect(address: Address, timeoutMs: number): Promise<Session> {
    return new Promise((resolve, reject) => {
      const server = new Server(address.host, address.port, undefined, undefined, {
        timeout: neverSeconds,
        conntimeout: neverSeconds,
        keepAlive: true,
        keepAliveDelay: 30,
      }) as unknown as MemjsServer;
      // memjs would read these from the environment and switch to SASL.
      server.username = undefined;
      server.password = undefined;

      const failed = (reason: string, cause?: unknown) => {
        clearTimeout(timer);
        socket?.destroy();
        reject(new MemcachedFailure("not_sent", `${addressText(address)} ${reason}`, { cause }));
      };
      const timer = setTimeout(() => failed("did not accept the connection in time"), timeoutMs);
      server.sock(false, opened => {
        clearTimeout(timer);
        opened.setNoDelay(true);
        opened.off("error", onError);
        opened.off("close", onClose);
        resolve(new Session(server, opened));
      });
      const socket = server._socket;
      const onError = (error: Error) => failed("refused the connection", error);
      const onClose = () => failed("closed the connection");
      socket?.once("error", onError);
      socket?.once("close", onClose);
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Milliseconds since this session last sent or received anything. */
  get idleMs(): number {
    return this.#inFlight.length > 0 ? 0 : monotonicMs() - this.#lastUsedMs;
  }

  /**
   * Sends a pipeline in one write and resolves with its answers. Pipelines sent within one tick of the
   * event loop share a packet.
   *
   * @param timeoutMs - after which the answer counts as lost and the whole session is closed.
   * @throws MemcachedFailure `not_sent` on a closed or crowded session; `unknown` when the session
   *   closes before the answer is complete.
   */
  send(pipeline: Pipeline, timeoutMs: number): Promise<Replies> {
    if (this.#closed) {
      return Promise.reject(new MemcachedFailure("not_sent", "the session is closed"));
    }
    if (this.#inFlight.length >= pipelinesInFlightMax) {
      return Promise.reject(new MemcachedFailure("not_sent", "too many requests in flight"));
    }
    if (this.#nextOpaque + pipeline.size >= opaqueMax) this.#nextOpaque = 1;
    const firstOpaque = this.#nextOpaque;
    const lastOpaque = firstOpaque + pipeline.size;
    this.#nextOpaque = lastOpaque + 1;

    return new Promise((resolve, reject) => {
      this.#inFlight.push({
        firstOpaque,
        lastOpaque,
        deadlineMs: monotonicMs() + timeoutMs,
        replies: new Map(),
        resolve,
        reject,
      });
      this.#write(pipeline.encode(firstOpaque));
      this.#scheduleSweep();
    });
  }

  /** Ends the connection; calls in flight settle as `unknown`. Idempotent. */
  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#sweep);
    // Later bytes of this connection must not be parsed.
    this.#socket.removeAllListeners("data");
    this.#socket.destroy();
    for (const pending of this.#inFlight.splice(0)) {
      pending.reject(new MemcachedFailure("unknown", reason));
    }
  }

  /** One packet per tick: with no-delay alone, each request would cost a system call and a packet. */
  #write(bytes: Buffer): void {
    this.#lastUsedMs = monotonicMs();
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(bytes);
  }

  #receive(message: ParsedMessage): void {
    const { header } = message;
    const oldest = this.#inFlight[0];
    if (
      !oldest ||
      header.magic !== responseMagic ||
      header.opaque < oldest.firstOpaque ||
      header.opaque > oldest.lastOpaque
    ) {
      this.close("the server sent an answer that belongs to no request");
      return;
    }
    if (header.opaque === oldest.lastOpaque) {
      this.#inFlight.shift();
      this.#lastUsedMs = monotonicMs();
      oldest.resolve(new Replies(oldest.replies));
      return;
    }
    const index = header.opaque - oldest.firstOpaque;
    const reply: Reply = {
      status: header.status,
      key: message.key,
      value: message.val,
      cas: header.cas,
    };
    const replies = oldest.replies.get(index);
    if (replies) replies.push(reply);
    else oldest.replies.set(index, [reply]);
  }

  /** One timer for everything in flight: it fires at the oldest deadline. */
  #scheduleSweep(): void {
    const oldest = this.#inFlight[0];
    if (this.#sweep || !oldest) return;
    this.#sweep = setTimeout(
      () => {
        this.#sweep = undefined;
        this.#bytesReadAtSweep = this.#socket.bytesRead;
        // The answers may be waiting in the socket because this process was busy: read it before judging.
        setImmediate(() => this.#judge());
      },
      Math.max(1, oldest.deadlineMs - monotonicMs()),
    );
  }

  #judge(): void {
    if (this.#closed) return;
    const now = monotonicMs();
    const overdue = this.#inFlight.some(pending => pending.deadlineMs <= now);
    const progress = this.#socket.bytesRead !== this.#bytesReadAtSweep;
    if (overdue && progress) {
      this.#bytesReadAtSweep = this.#socket.bytesRead;
      setImmediate(() => this.#judge());
      return;
    }
    if (overdue) {
      this.onSilence();
      this.close("the server did not answer in time");
      return;
    }
    this.#scheduleSweep();
  }
}
