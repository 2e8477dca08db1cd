/**
 * The kickstart, a front's side: a datagram that tells the worker to look at the queues now.
 *
 * It carries nothing and promises nothing: a worker that never hears it looks at the queues anyway, every
 * `FLOODGATE_FLUSH_INTERVAL_MS`. So nothing is sent again, no error matters, and no ballot waits for it.
 *
 * Invariant: at most one datagram every `spacingMs`, however many ballots come; and one after the last of
 *   them, because the look that an earlier datagram started may have begun before it was enqueued.
 *
 * Source: the event-loop daemon among the ancestors; its queue was polled and kicked at the same time.
 */
import { createSocket, type Socket } from "node:dgram";
import { monotonicMs } from "../base/clock.ts";

const spacingMs = 10;
/** Never read. Not empty, because some packet filters drop datagrams without contents. */
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

  /** Something was enqueued: sends a datagram now, or when the spacing allows. Never fails. */
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
