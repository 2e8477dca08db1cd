/**
 * The bytes of an event stream (WHATWG HTML, "Server-sent events").
 *
 * `results` is the one event there is; its data is the JSON of `GET …/results`, its id the version. A
 * browser that lost its connection comes back with the id of the last event that it got.
 */
import { SECOND } from "../base/clock.ts";
import type { Snapshot } from "./snapshot.ts";

/** JSON has no line ends of its own in it, so that one `data:` line holds all of it. */
export function encodeFrame({ results, json }: Snapshot): Uint8Array {
  const head = Buffer.from(`id: ${results.version}\nevent: results\ndata: `);
  return Buffer.concat([head, json, Buffer.from("\n\n")]);
}

/** A comment: nothing to a browser, traffic to a proxy. */
export const idleFrame: Uint8Array = Buffer.from(":\n\n");

const reconnectMsMin = 0.5 * SECOND;
const reconnectMsSpread = 4.5 * SECOND;

/** How long to wait before coming back: for each viewer another time, so that they don't come at once. */
export function encodeRetry(random: () => number = Math.random): Uint8Array {
  return Buffer.from(`retry: ${Math.round(reconnectMsMin + random() * reconnectMsSpread)}\n\n`);
}
