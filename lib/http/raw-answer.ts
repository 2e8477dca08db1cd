/** An answer as the text of HTTP/1.1, for connections that Node's HTTP server does not serve. */
import { STATUS_CODES } from "node:http";
import { SECOND, wallMs } from "../base/clock.ts";
import type { Answer } from "./respond.ts";

export class RawAnswers {
  readonly #keepAlive: string;
  /** The lines of header objects, most of which are the same for all answers. */
  readonly #lines = new WeakMap<object, string>();
  #date = "";
  #dateOfSecond = Number.NaN;

  /** @param keepAliveSeconds - how long an idle connection is kept. */
  constructor(keepAliveSeconds: number) {
    this.#keepAlive = `Connection: keep-alive\r\nKeep-Alive: timeout=${keepAliveSeconds}\r\n`;
  }

  /**
   * The whole answer, and how it is to be written: a text of ASCII characters only is written faster.
   *
   * @param closes - the connection ends behind it.
   */
  encode(
    { status, headers, more, body }: Answer,
    closes: boolean,
  ): { readonly text: string; readonly encoding: "latin1" | "utf8" } {
    const length = Buffer.byteLength(body);
    const own = more ? linesOf(more) : "";
    const connection = closes ? "Connection: close\r\n" : this.#keepAlive;
    return {
      text: `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${this.#linesOf(headers)}${own}${this.#dateLine()}${connection}Content-Length: ${length}\r\n\r\n${body}`,
      encoding: length === body.length ? "latin1" : "utf8",
    };
  }

  #linesOf(headers: Answer["headers"]): string {
    const known = this.#lines.get(headers);
    if (known !== undefined) return known;
    const lines = linesOf(headers);
    this.#lines.set(headers, lines);
    return lines;
  }

  #dateLine(): string {
    const second = Math.floor(wallMs() / SECOND);
    if (second !== this.#dateOfSecond) {
      this.#dateOfSecond = second;
      this.#date = `Date: ${new Date(second * SECOND).toUTCString()}\r\n`;
    }
    return this.#date;
  }
}

function linesOf(headers: Answer["headers"]): string {
  let lines = "";
  for (const name in headers) lines += `${name}: ${headers[name]}\r\n`;
  return lines;
}
