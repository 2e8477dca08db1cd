/**
 * One connection of a load generator, with one request in flight (no pipelining). It parses nothing but the status and
 * the length of an answer: a general client costs more than the server under test.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

const readBytes = 64 * 1024;
const lastChunk = "\r\n0\r\n\r\n";

export interface LineOptions {
  readonly host: string;
  readonly port: number;
  readonly onAnswer: (line: Line, status: number) => void;
  /** The connection ended; `waiting`: before the answer that it waited for. */
  readonly onEnd: (line: Line, waiting: boolean) => void;
}

export class Line {
  readonly #socket: Socket;
  readonly #options: LineOptions;
  #status = 0;
  /** Bytes of the answer still missing; 0: none is awaited, or its head has not arrived. */
  #left = 0;
  /** The received part of a chunked answer's end. */
  #tail: string | undefined;
  #head = "";
  busy = false;
  /** When the request in flight was due. */
  dueMs = 0;

  /** Connects; a request may be sent at once, and leaves when the connection is there. */
  constructor(options: LineOptions) {
    this.#options = options;
    const buffer = Buffer.allocUnsafe(readBytes);
    this.#socket = connect({
      host: options.host,
      port: options.port,
      noDelay: true,
      onread: {
        buffer,
        callback: length => {
          this.#receive(buffer, length);
          return true;
        },
      },
    });
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => options.onEnd(this, this.busy));
  }

  ready(): Promise<unknown> {
    return once(this.#socket, "connect");
  }

  get dead(): boolean {
    return this.#socket.destroyed;
  }

  send(request: string, dueMs: number): void {
    this.busy = true;
    this.dueMs = dueMs;
    this.#socket.write(request, "latin1");
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(buffer: Buffer, length: number): void {
    if (this.#tail !== undefined) {
      this.#seeChunks(buffer.toString("latin1", Math.max(0, length - lastChunk.length), length));
      return;
    }
    if (this.#left > 0) {
      this.#left -= length;
      if (this.#left <= 0) this.#finish();
      return;
    }
    const text = this.#head + buffer.toString("latin1", 0, Math.min(length, 2048));
    const end = text.indexOf("\r\n\r\n");
    if (end === -1) {
      this.#head = text;
      return;
    }
    this.#status =
      (text.charCodeAt(9) - 48) * 100 +
      (text.charCodeAt(10) - 48) * 10 +
      (text.charCodeAt(11) - 48);
    const at = text.search(/\r\ncontent-length: /i);
    const sized = at !== -1 && at < end;
    if (!sized && /\r\ntransfer-encoding: chunked/i.test(text)) {
      this.#tail = this.#head;
      this.#head = "";
      this.#seeChunks(buffer.toString("latin1", Math.max(0, length - lastChunk.length), length));
      return;
    }
    const bodyLength = sized ? Number.parseInt(text.slice(at + 18, at + 30), 10) : 0;
    this.#left = end + 4 + bodyLength - this.#head.length - length;
    this.#head = "";
    if (this.#left <= 0) this.#finish();
  }

  #seeChunks(more: string): void {
    this.#tail = ((this.#tail ?? "") + more).slice(-lastChunk.length);
    if (this.#tail !== lastChunk) return;
    this.#tail = undefined;
    this.#finish();
  }

  #finish(): void {
    this.#left = 0;
    this.busy = false;
    this.#options.onAnswer(this, this.#status);
  }
}
