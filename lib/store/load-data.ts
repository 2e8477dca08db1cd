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

/** Writes raw bytes and the end of their column; returns where it ends. */
export function writeRaw(to: Uint8Array, start: number, from: Uint8Array): number {
  let next = start;
  for (let index = 0; index < from.length; index++) {
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

/** Writes text that needs no escape, and ends with what ends its column; returns where it ends. */
export function writeText(to: Uint8Array, start: number, text: Uint8Array): number {
  for (let index = 0; index < text.length; index++) to[start + index] = text[index] as number;
  return start + text.length;
}

/** The bytes of texts, each made once. */
export function memoizedText<T>(textOf: (value: T) => string): (value: T) => Uint8Array {
  const made = new Map<T, Uint8Array>();
  return value => {
    const known = made.get(value);
    if (known) return known;
    const text = Buffer.from(textOf(value), "latin1");
    made.set(value, text);
    return text;
  };
}

/** The value of a hex digit, by its character. */
const digitOf = Uint8Array.from(
  { length: 128 },
  (_, code) => "0123456789abcdef".indexOf(String.fromCharCode(code)) & 0x0f,
);

/** Fills `bytes` from as many pairs of lower-case hex digits: `Buffer.write` takes longer to call than this to run. */
export function fromHex(bytes: Uint8Array, digits: string): Uint8Array {
  for (let index = 0; index < bytes.length; index++) {
    const high = digits.charCodeAt(2 * index);
    const low = digits.charCodeAt(2 * index + 1);
    bytes[index] = ((digitOf[high] as number) << 4) | (digitOf[low] as number);
  }
  return bytes;
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
