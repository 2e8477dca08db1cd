/** Running the generator, the floors and Next beside the site, each in a process of its own. */
import { Child } from "#scripts/services/child.ts";
import { freePort, portAnswers, waitUntil } from "#scripts/services/ports.ts";
import type { Job, Report } from "./job.ts";

const bodyBefore = '{"choices":["1"],"ballotId":"';
const bodyAfter = '"}';
const uuidLength = 36;
const bodyLength = bodyBefore.length + uuidLength + bodyAfter.length;

/** The head of a vote on a poll. */
export function voteHead(slug: string): string {
  return (
    `POST /api/polls/${slug}/votes HTTP/1.1\r\nHost: localhost\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${bodyLength}\r\n\r\n`
  );
}

/** A whole request for a page. */
export function getRequest(path: string, headers = ""): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`;
}

/** Votes of distinct voters. */
export const votes = { bodyBefore, bodyAfter };

type Load = Omit<Job, "host" | "port">;

/** Drives load at a port of this machine, from a process of its own. */
export async function drive(port: number, load: Load): Promise<Report> {
  const job: Job = { host: "127.0.0.1", port, ...load };
  const child = new Child(
    "generator",
    process.execPath,
    ["--import", "tsx", "bench/load/generator.ts"],
    { env: process.env, stdio: ["pipe", "pipe", "pipe"] },
  );
  // With ten thousand heads the job exceeds the longest allowed argument.
  child.process.stdin?.end(JSON.stringify(job));
  const status = await child.exit();
  if (status !== 0) throw new Error(`the generator ended with ${status}\n${child.output}`);
  return JSON.parse(child.output.trim().split("\n").at(-1) ?? "") as Report;
}

/** Answers a second. */
export const perSecond = (report: Report) => (report.counted * 1000) / report.ms;

/** A server beside the site. */
export interface Beside {
  readonly port: number;
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

export type FloorMode = "post" | "adapter" | "get";

/** A floor: a server without our code. `bytes`: the length of its answer to a GET. */
export async function startFloor(mode: FloorMode, bytes = 0): Promise<Beside> {
  const port = await freePort();
  const child = new Child(
    "floor",
    process.execPath,
    ["--import", "tsx", "bench/load/floor.ts", mode, String(port), String(bytes)],
    { env: process.env },
  );
  await waitUntil("the floor", () => portAnswers(port), { gaveUp: () => child.diedBecause });
  return { port, pid: child.pid, stop: () => child.stop() };
}
