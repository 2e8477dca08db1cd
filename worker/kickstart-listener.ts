/**
 * Receives kickstarts: a UDP socket whose datagrams mean "begin a pass now".
 *
 * Invariant: neither the content nor the sender of a datagram is read, and any number of datagrams between two
 *   passes count as one. So forged datagrams, or a flood of them, cause passes, at most one for each floor interval
 *   of `schedule.ts`, and nothing else.
 */
import { createSocket, type Socket } from "node:dgram";
import { describeError, type Log } from "#lib/base/log.ts";

export class KickstartListener {
  readonly #log: Log;
  #socket: Socket | undefined;
  #pending = false;
  #wake: () => void = () => {};
  #datagrams = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Datagrams received. */
  get datagrams(): number {
    return this.#datagrams;
  }

  /**
   * Starts listening. A port that is taken (by a second worker on this machine) is no error: this worker goes by the
   * interval alone.
   */
  async listen(host: string, port: number): Promise<void> {
    const socket = createSocket("udp4");
    socket.on("message", () => this.receive());
    this.#socket = socket;
    await new Promise<void>(resolve => {
      socket.on("error", error => {
        this.#log.warn({ event: "no_kickstart", host, port, ...describeError(error) });
        this.#socket = undefined;
        socket.close();
        resolve();
      });
      socket.bind({ address: host, port, exclusive: true }, resolve);
    });
  }

  /** Counts a datagram, and ends the wait. */
  receive(): void {
    this.#datagrams += 1;
    this.#pending = true;
    this.#wake();
  }

  /** Forgets the kickstarts so far: a pass begins, and will see what they announced. */
  clear(): void {
    this.#pending = false;
  }

  /**
   * Resolves at the first kickstart since `clear()`; after `ms` at the latest, or on `signal`. True when there was a
   * kickstart.
   */
  async wait(ms: number, signal: AbortSignal): Promise<boolean> {
    if (this.#pending || signal.aborted) return this.#pending;
    await new Promise<void>(resolve => {
      const timer = setTimeout(done, ms);
      const self = this;
      function done() {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        self.#wake = () => {};
        resolve();
      }
      signal.addEventListener("abort", done);
      this.#wake = done;
    });
    return this.#pending;
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }
}
