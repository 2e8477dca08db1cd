/**
 * Rows as bytes for LOAD DATA, and the stream that hands them to MySQL.
 *
 * ```
 * poll_id ⇥ voter ⇥ ballot_id ⇥ batch_id ⇥ revision ⇥ choices ⇥ received_at ⏎
 * ```
 * Numbers and the time are text; the other columns are raw bytes. A tab, a newline, a backslash and NUL are written with
 * a backslash before them (NUL as `\0`), so any byte can stand in a column, and none ends it.
 *
 * Invariant: MySQL gets these bytes and nothing else, whatever file its answer asks for.
 */
import { Readable } from "node:stream";

const tab = 0x09;
const newline = 0x0a;
const backslash = 0x5c;

/** Less than any `max_allowed_packet` in use: the server refuses a longer packet. */
const packetBytes = 15 * 1024;

/** How the statement describes this format. */
export const loadFormat =
  "CHARACTER SET binary FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n'";

/** The most bytes that a raw column of `length` bytes takes, with what ends it. */
export const columnBytesMax = (length: number): number => 2 * length + 1;

/** Writes `length` raw bytes of `from` and the end of the column; returns where it ends. */
export function writeRaw(
  to: Uint8Array,
  start: number,
  from: Uint8Array,
  at: number,
  length: number,
): number {
  let next = start;
  const end = at + length;
  for (let index = at; index < end; index++) {
    const byte = from[index] as number;
    // Most bytes are larger than every byte that is escaped.
    if (byte <= backslash && (byte <= newline || byte === backslash)) {
      if (byte === 0) {
        to[next++] = backslash;
        to[next++] = 0x30;
        continue;
      }
      if (byte === tab || byte === newline || byte === backslash) to[next++] = backslash;
    }
    to[next++] = byte;
  }
  to[next] = tab;
  return next + 1;
}

/** Hands bytes to mysql2 in packets. */
export class LoadStream extends Readable {
  readonly bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    super();
    this.bytes = bytes;
  }

  override _read(): void {
    const end = Math.min(this.#at + packetBytes, this.bytes.length);
    this.push(this.#at === end ? null : this.bytes.subarray(this.#at, end));
    this.#at = end;
  }
}
