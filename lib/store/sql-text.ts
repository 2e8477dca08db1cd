/** Parts of the text of statements: placeholders for values, and values as literals. */

/** `?, ?, ?` for a list of values. */
export function placeholders(count: number): string {
  return Array.from({ length: count }, () => "?").join(", ");
}

/** `0x…`, a binary literal for `writeText`. */
export function hexLiteral(bytes: Uint8Array): string {
  if (bytes.length === 0) return "''";
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return `0x${buffer.toString("hex")}`;
}

/** `2026-11-20 18:00:00.123`, in UTC. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 23).replace("T", " ");
}

/** `'2026-11-20 18:00:00.123'`, a UTC literal for `writeText`. */
export function timeLiteral(ms: number): string {
  return `'${timeText(ms)}'`;
}
