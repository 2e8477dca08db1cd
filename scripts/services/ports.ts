/**
 * Free TCP ports of this machine.
 *
 * Test files run side by side, each with servers of its own, and a port that was free a moment ago may be given away
 * twice. So a port is claimed by a file that holds the claimant's process id, and lies below the range from which the
 * kernel takes ports for outgoing connections (32,768 on Linux, 49,152 on macOS).
 */
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MINUTE, monotonicMs, sleep } from "#lib/base/clock.ts";

const claims = join(tmpdir(), "floodgate-ports");
const firstPort = 20_000;
const portCount = 12_000;

/** A port of 127.0.0.1 that is free, and that no other process gets from here while this one lives. */
export async function freePort(): Promise<number> {
  mkdirSync(claims, { recursive: true });
  for (;;) {
    const port = firstPort + randomInt(portCount);
    if (claim(port) && (await canListen(port))) return port;
  }
}

/** False when the port is claimed. Deletes the claim of an ended process; the next attempt can take the port. */
function claim(port: number): boolean {
  const file = join(claims, String(port));
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
    return true;
  } catch {
    if (!isAlive(claimantOf(file))) rmSync(file, { force: true });
    return false;
  }
}

/** `NaN` while the claim is being written. */
function claimantOf(file: string): number {
  try {
    return Number.parseInt(readFileSync(file, "utf8"), 10);
  } catch {
    return Number.NaN;
  }
}

function isAlive(pid: number): boolean {
  if (Number.isNaN(pid)) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function canListen(port: number): Promise<boolean> {
  const server = createServer();
  const failed = once(server, "error").then(() => false);
  server.listen(port, "127.0.0.1");
  const listens = await Promise.race([once(server, "listening").then(() => true), failed]);
  if (!listens) return false;
  server.close();
  await once(server, "close");
  return true;
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
/** A timer that is this late shows that the machine stood still. */
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
