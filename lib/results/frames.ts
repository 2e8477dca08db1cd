/**
 * The bytes of an event stream (WHATWG HTML, "Server-sent events").
 *
 * The events are `results`, and one without a name while nothing changes. The data of `results` is the JSON of
 * `GET …/results`, its id the version. A browser that reconnects sends the id of the last event that it received.
 */
import { SECOND } from "../base/clock.ts";
import type { Snapshot } from "./snapshot.ts";

/** JSON contains no line ends, so one `data:` line holds all of it. */
export function encodeFrame({ results, json }: Snapshot): Uint8Array {
  const head = Buffer.from(`id: ${results.version}\nevent: results\ndata: `);
  return Buffer.concat([head, json, Buffer.from("\n\n")]);
}

/**
 * An event without a name and without data: traffic that keeps proxies from timing out, and tells the page that the
 * connection lives. A comment would be hidden from scripts.
 */
export const idleFrame: Uint8Array = Buffer.from("data:\n\n");

const reconnectMsMin = 0.5 * SECOND;
const reconnectMsSpread = 4.5 * SECOND;

/** A random time to wait before reconnecting, so that viewers do not all return at once. */
export function encodeRetry(random: () => number = Math.random): Uint8Array {
  return Buffer.from(`retry: ${Math.round(reconnectMsMin + random() * reconnectMsSpread)}\n\n`);
}
