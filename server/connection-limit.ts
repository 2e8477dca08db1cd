/**
 * Keeps file descriptors for the front's own connections: with too many clients, new ones are refused, and everybody
 * who is connected is served on.
 */
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { MINUTE, monotonicMs } from "#lib/base/clock.ts";
import type { Descriptors } from "#lib/base/descriptors.ts";
import type { Log } from "#lib/base/log.ts";
import type { Serving } from "#lib/web/serving.ts";

/** For memcached, MySQL, the Next process and files; or half of all, where there are few. */
const reserved = 128;
const logEveryMs = MINUTE;

/** How many clients may be connected to a process that may open `descriptors` files. */
function connectionsMax(descriptors: number): number {
  return descriptors - Math.min(reserved, Math.ceil(descriptors / 2));
}

export class ConnectionLimit {
  readonly #log: Log;
  readonly #descriptors: Descriptors;
  readonly #closeIdle: () => void;
  readonly #serving: Serving;
  #open = 0;
  #refused = 0;
  #loggedMs = Number.NEGATIVE_INFINITY;

  /**
   * @param closeIdle - closes the connections on which nothing is asked.
   * @param serving - is told whether clients are refused.
   */
  constructor(
    server: Server,
    closeIdle: () => void,
    descriptors: Descriptors,
    log: Log,
    serving: Serving,
  ) {
    this.#log = log;
    this.#descriptors = descriptors;
    this.#closeIdle = closeIdle;
    this.#serving = serving;
    server.on("connection", socket => this.#connected(socket));
  }

  /** Judges again, after the descriptors were looked at. */
  readonly update = (): void => {
    const { starved, max } = this.#descriptors;
    if (starved) this.#closeIdle();
    this.#serving.full = starved || this.#open >= connectionsMax(max);
  };

  #connected(socket: Socket): void {
    if (this.#descriptors.starved || this.#open >= connectionsMax(this.#descriptors.max)) {
      socket.destroy();
      this.#serving.full = true;
      this.#refused += 1;
      this.#tell();
      return;
    }
    this.#open += 1;
    socket.once("close", () => {
      this.#open -= 1;
    });
  }

  #tell(): void {
    if (monotonicMs() - this.#loggedMs < logEveryMs) return;
    this.#loggedMs = monotonicMs();
    const { max } = this.#descriptors;
    this.#log.warn({ event: "connections_refused", refused: this.#refused, open: this.#open, max });
    this.#refused = 0;
  }
}
