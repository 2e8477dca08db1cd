/**
 * A small HTTP/1.1 client for load: one keep-alive connection, one request at a time, nothing parsed but
 * what a vote's answer needs. A general client costs more than the server it is to measure.
 */
import { connect, type Socket } from "node:net";

export interface Answer {
  readonly status: number;
  /** The cookie to send from now on, if one was set. */
  readonly cookie: string | undefined;
  readonly retryAfterMs: number;
  readonly body: string;
}

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

const headEnd = Buffer.from("\r\n\r\n");
const answerMsMax = 10_000;

export class Connection {
  readonly #host: string;
  readonly port: number;
  #socket: Socket | undefined;
  #received: Buffer = Buffer.alloc(0);
  #waiting: Waiting | undefined;

  constructor(host: string, port: number) {
    this.#host = host;
    this.port = port;
  }

  /**
   * Sends a whole request and resolves with its answer.
   *
   * @throws Error when the connection fails before the answer is complete: whether the server got the
   *   request is unknown then.
   */
  send(request: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#open().write(request);
    });
  }

  /** Sends a request and breaks the connection before the answer can come. */
  async sendAndLeave(request: string): Promise<void> {
    const socket = this.#open();
    await new Promise<void>(resolve => socket.write(request, () => resolve()));
    this.close();
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#received = Buffer.alloc(0);
  }

  #open(): Socket {
    if (this.#socket) return this.#socket;
    const socket = connect({ host: this.#host, port: this.port, noDelay: true });
    socket.setTimeout(answerMsMax, () => socket.destroy(new Error("no answer in time")));
    socket.on("data", bytes => this.#receive(bytes));
    socket.on("error", error => this.#fail(socket, error));
    socket.on("close", () => this.#fail(socket, new Error("the connection was closed")));
    this.#socket = socket;
    return socket;
  }

  #fail(socket: Socket, error: Error): void {
    if (this.#socket !== socket) return;
    this.close();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }

  #receive(bytes: Buffer): void {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    const end = this.#received.indexOf(headEnd);
    if (end === -1) return;
    const head = this.#received.toString("latin1", 0, end);
    const bodyAt = end + headEnd.length;
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    if (this.#received.length < bodyAt + length) return;
    const body = this.#received.toString("utf8", bodyAt, bodyAt + length);
    this.#received = this.#received.subarray(bodyAt + length);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({
      status: Number(head.slice(9, 12)),
      cookie: /\r\nset-cookie: *([^;\r\n]+)/i.exec(head)?.[1],
      retryAfterMs: Number(/\r\nretry-after: *(\d+)/i.exec(head)?.[1] ?? 0) * 1000,
      body,
    });
    if (/\r\nconnection: *close/i.test(head)) this.close();
  }
}
