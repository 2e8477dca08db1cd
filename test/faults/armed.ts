/**
 * The armed twin of `lib/base/faults.ts`, in the builds of the fault tests only (import condition `faults`).
 *
 * `FAULT=point:hit[:ms]`, several separated by commas: at that hit of that point the process kills itself
 * with SIGKILL, or, with `ms`, blocks for that long, as a stopped or swapped-out process does. Each fault is
 * announced on standard error first, so that a test can tell that it happened.
 *
 * `CLOCK_OFFSET_MS` makes the wall clock of the process wrong by so much; monotonic time stays right.
 */
import { writeSync } from "node:fs";
import type { FaultPoint } from "#lib/base/faults.ts";

interface Armed {
  readonly point: string;
  readonly hit: number;
  readonly pauseMs: number | undefined;
}

const armed: readonly Armed[] = (process.env.FAULT ?? "")
  .split(",")
  .filter(text => text.length > 0)
  .map(text => {
    const [point = "", hit = "1", ms] = text.split(":");
    return { point, hit: Number(hit), pauseMs: ms === undefined ? undefined : Number(ms) };
  });

const hits = new Map<string, number>();

const clockOffsetMs = Number(process.env.CLOCK_OFFSET_MS ?? 0);
if (clockOffsetMs !== 0) {
  const right = Date.now.bind(Date);
  Date.now = () => right() + clockOffsetMs;
}

/** Dies or blocks here when `FAULT` says so. */
export function faultPoint(point: FaultPoint): void {
  if (armed.length === 0) return;
  const hit = (hits.get(point) ?? 0) + 1;
  hits.set(point, hit);
  const fault = armed.find(other => other.point === point && other.hit === hit);
  if (!fault) return;
  writeSync(2, `fault: ${point}, hit ${hit}\n`);
  if (fault.pauseMs === undefined) process.kill(process.pid, "SIGKILL");
  else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, fault.pauseMs);
}
