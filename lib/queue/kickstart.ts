/**
 * Sends kickstarts: datagrams that make the worker check the queues now.
 *
 * A worker that does not receive it checks the queues anyway, at its own interval. So nothing is sent again, errors are
 * ignored, and no ballot waits for it.
 *
 * Invariant: at most one datagram every `spacingMs`, however many ballots arrive, and one after the last ballot: the
 *   check that an earlier datagram started may have begun before that ballot was enqueued.
 */
import { createSocket, type Socket } from "node:dgram";
import { monotonicMs } from "../base/clock.ts";

const spacingMs = 10;
/** Ignored by the worker. Not empty, because some packet filters drop empty datagrams. */
const payload = Buffer.from("!");

export interface KickstartTarget {
  readonly host: string;
  readonly port: number;
}

export class Kickstart {
  readonly #targets: readonly KickstartTarget[];
  #socket: Socket | undefined;
  #due: NodeJS.Timeout | undefined;
  #sentAtMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(targets: readonly KickstartTarget[]) {
    this.#targets = targets;
  }

  /** Call it after each enqueueing: sends a datagram now or when the spacing allows. Never fails. */
  send(): void {
    if (this.#due !== undefined || this.#closed || this.#targets.length === 0) return;
    const waitMs = this.#sentAtMs + spacingMs - monotonicMs();
    if (waitMs <= 0) this.#sendNow();
    else this.#due = setTimeout(() => this.#sendNow(), waitMs).unref();
  }

  #sendNow(): void {
    this.#due = undefined;
    this.#sentAtMs = monotonicMs();
    this.#socket ??= this.#open();
    for (const { host, port } of this.#targets) this.#socket.send(payload, port, host, () => {});
  }

  #open(): Socket {
    const socket = createSocket("udp4");
    socket.on("error", () => {});
    return socket.unref();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#due);
    this.#socket?.close();
  }
}
