/** The clock of a memcached server: that of its machine when memcached started, and monotonic since then. */
import { monotonicMs, SECOND } from "../base/clock.ts";
import type { ClockReading } from "../base/clock-reading.ts";
import type { MemcachedClient } from "./client.ts";
import { Pipeline } from "./pipeline.ts";

/** Reads the clock. One round trip. @throws MemcachedFailure. */
export async function readServerClock(server: MemcachedClient): Promise<ClockReading> {
  const pipeline = new Pipeline();
  const op = pipeline.stats();
  const askedMs = monotonicMs();
  const stats = (await server.read(pipeline)).of(op);
  const theirMs = Number(stats.get("time") ?? Number.NaN) * SECOND;
  return { theirMs, resolutionMs: SECOND, askedMs, answeredMs: monotonicMs() };
}
