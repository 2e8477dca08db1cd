/** Running the generator, the floors and Next beside the site, each in a process of its own. */
import { Child } from "#scripts/services/child.ts";
import { freePort, portAnswers, waitUntil } from "#scripts/services/ports.ts";
import { type Groups, type Span, startSpan } from "../meter.ts";
import {
  type HerdJob,
  type HerdReport,
  type Job,
  type Report,
  spanBegins,
  spanEnds,
} from "./job.ts";

type Load = Omit<Job, "host" | "port">;

/** A generator's report, and what was used from the begin of its counting to the end. */
export interface Driven<R> extends Span {
  readonly report: R;
}

/** Drives load at a port of this machine, from a process of its own. @param groups - whose CPU time is measured. */
export function drive(port: number, load: Load, groups: Groups = {}): Promise<Driven<Report>> {
  return runGenerator("generator", { host: "127.0.0.1", port, ...load } satisfies Job, groups);
}

/** Sends a herd of readers. */
export function driveHerd(
  port: number,
  herd: Omit<HerdJob, "host" | "port">,
  groups: Groups = {},
): Promise<Driven<HerdReport>> {
  return runGenerator("herd", { host: "127.0.0.1", port, ...herd } satisfies HerdJob, groups);
}

async function runGenerator<R>(program: string, job: unknown, groups: Groups): Promise<Driven<R>> {
  const child = new Child(
    program,
    process.execPath,
    ["--import", "tsx", `bench/load/${program}.ts`],
    { env: process.env, stdio: ["pipe", "pipe", "pipe"] },
  );
  let endSpan: (() => Span) | undefined;
  let span: Span | undefined;
  child.process.stdout?.on("data", () => {
    if (!endSpan && child.output.includes(spanBegins)) endSpan = startSpan(groups);
    if (endSpan && !span && child.output.includes(spanEnds)) span = endSpan();
  });
  // With ten thousand heads the job exceeds the longest allowed argument.
  child.process.stdin?.end(JSON.stringify(job));
  const status = await child.exit();
  if (status !== 0 || !span)
    throw new Error(`the ${program} ended with ${status}\n${child.output}`);
  return { ...span, report: JSON.parse(child.output.trim().split("\n").at(-1) ?? "") as R };
}

/** Answers a second. */
export const perSecond = (report: Report) => (report.counted * 1000) / report.ms;

/** A round in a few words. */
export const describeDriven = ({ report }: Driven<Report>) =>
  `${Math.round(perSecond(report))}/s, p99 ${report.p99Ms} ms`;

/** A server beside the site. */
export interface Beside {
  readonly port: number;
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

export type FloorMode = "post" | "adapter" | "get";

/** A floor: a server without our code. `bytes`: the length of its answer to a GET. */
export function startFloor(mode: FloorMode, bytes = 0): Promise<Beside> {
  return startProgram("floor", port => [mode, String(port), String(bytes)]);
}

/** The peer, in front of a Redis on this port. */
export function startPeer(redisPort: number): Promise<Beside> {
  return startProgram("peer", port => [String(port), String(redisPort)]);
}

async function startProgram(
  name: string,
  argumentsFor: (port: number) => readonly string[],
): Promise<Beside> {
  const port = await freePort();
  const child = new Child(
    name,
    process.execPath,
    ["--import", "tsx", `bench/load/${name}.ts`, ...argumentsFor(port)],
    { env: process.env },
  );
  await waitUntil(`the ${name}`, () => portAnswers(port), { gaveUp: () => child.diedBecause });
  return { port, pid: child.pid, stop: () => child.stop() };
}
