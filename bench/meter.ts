/**
 * A measured span: how long it was, what each group of processes used, and the load by others.
 *
 * The benchmark's own processes are this one and all below it, so nothing of ours is taken for others' work. Reading
 * /proc takes some milliseconds at both ends.
 */
import { readFileSync } from "node:fs";
import { monotonicMs } from "#lib/base/clock.ts";
import { busyMicros, coresOfOthers } from "./others.ts";
import { familyMicros, readProcesses } from "./processes.ts";

/** Groups of processes by name, each as the roots of its families. */
export type Groups = Readonly<Record<string, readonly number[]>>;

export interface Span {
  readonly ms: number;
  /** Load by others, in cores. */
  readonly others: number;
  /** CPU time of each group within the span, in microseconds. */
  readonly cpuUs: Readonly<Record<string, number>>;
}

interface Reading {
  readonly atMs: number;
  readonly busyUs: number;
  readonly ownUs: number;
  readonly cpuUs: Readonly<Record<string, number>>;
}

function read(groups: Groups): Reading {
  const processes = readProcesses();
  const entries = Object.entries(groups);
  return {
    atMs: monotonicMs(),
    busyUs: busyMicros(readFileSync("/proc/stat", "utf8")),
    ownUs: familyMicros([process.pid], processes),
    cpuUs: Object.fromEntries(entries.map(([name, ids]) => [name, familyMicros(ids, processes)])),
  };
}

/** Starts a span; the function that it gives ends it. */
export function startSpan(groups: Groups = {}): () => Span {
  const before = read(groups);
  return () => {
    const after = read(groups);
    const ms = after.atMs - before.atMs;
    const used = Object.entries(after.cpuUs).map(
      ([name, us]) => [name, us - (before.cpuUs[name] ?? 0)] as const,
    );
    return {
      ms,
      others: coresOfOthers({
        busyUs: after.busyUs - before.busyUs,
        ownUs: after.ownUs - before.ownUs,
        ms,
      }),
      cpuUs: Object.fromEntries(used),
    };
  };
}

/** What some work made, and the load by others meanwhile. */
export async function beside<T>(work: () => Promise<T>): Promise<{ made: T; others: number }> {
  const end = startSpan();
  const made = await work();
  return { made, others: end().others };
}
