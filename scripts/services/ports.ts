/** Free TCP ports, asked of the kernel. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:net";
import { MINUTE, monotonicMs, sleep } from "#lib/base/clock.ts";

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** `wanted` when it is free on 127.0.0.1, else any free port. */
export async function freePortNear(wanted: number): Promise<number> {
  return (await portAnswers(wanted)) ? freePort() : wanted;
}

/** True when something accepts connections there. */
export function portAnswers(port: number, host = "127.0.0.1"): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ port, host });
    const answer = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", () => answer(true));
    socket.once("error", () => answer(false));
    socket.setTimeout(1_000, () => answer(false));
  });
}

const askEveryMs = 20;
/** A timer that rings so late says that the machine stood still. */
const lateMs = 60;

/**
 * Waits until `ready` says yes, asking every 20 ms. A time in which the machine stood still is not counted.
 *
 * @throws Error when it has not after `withinMs`, or as soon as `gaveUp` gives a reason.
 */
export async function waitUntil(
  what: string,
  ready: () => Promise<boolean> | boolean,
  options: { withinMs?: number; gaveUp?: () => string | undefined } = {},
): Promise<void> {
  const { withinMs = MINUTE, gaveUp } = options;
  let deadline = monotonicMs() + withinMs;
  while (!(await ready())) {
    const reason = gaveUp?.();
    if (reason) throw new Error(`${what}: ${reason}`);
    const askedMs = monotonicMs();
    if (askedMs > deadline) throw new Error(`${what}: not within ${withinMs} ms`);
    await sleep(askEveryMs);
    const overdueMs = monotonicMs() - askedMs - askEveryMs;
    if (overdueMs > lateMs) deadline += overdueMs;
  }
}
