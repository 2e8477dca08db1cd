/**
 * The kickstart, the worker's side: a UDP socket whose datagrams mean "look at the queues now".
 *
 * Invariant: what a datagram says is never looked at, and neither is who sent it. Any number of them between
 *   two looks are one. So whoever forges or floods them gets looks, at most one for each floor interval of
 *   `schedule.ts`, and nothing else.
 */
import { createSocket, type Socket } from "node:dgram";
import { describeError, type Log } from "#lib/base/log.ts";

export class KickstartListener {
  readonly #log: Log;
  #socket: Socket | undefined;
  #rung = false;
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
   * Listens from now on. A port that can't be had (a second worker on this machine has it) is no error: this
   * worker goes by the interval alone.
   */
  async listen(host: string, port: number): Promise<void> {
    const socket = createSocket("udp4");
    socket.on("message", () => this.ring());
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

  ring(): void {
    this.#datagrams += 1;
    this.#rung = true;
    this.#wake();
  }

  /** Forgets what rang so far: a look begins now, and will see it. */
  answer(): void {
    this.#rung = false;
  }

  /**
   * Resolves when it rings, or has rung since it was answered; after `ms` at the latest, or on `signal`.
   * True when it rang.
   */
  async wait(ms: number, signal: AbortSignal): Promise<boolean> {
    if (this.#rung || signal.aborted) return this.#rung;
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
    return this.#rung;
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }
}
