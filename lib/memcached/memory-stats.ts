/** A memcached server's memory, from its own statistics. */
import type { MemcachedClient } from "./client.ts";
import { Pipeline } from "./pipeline.ts";

export interface Memory {
  readonly usedBytes: number;
  readonly limitBytes: number;
  readonly evictions: number;
  /** The server runs without `-M`: when it is full it evicts items instead of refusing new ones. */
  readonly mayEvict: boolean;
  /** Number of items that were refused for lack of memory. */
  readonly outOfMemory: number;
}

/** The share of a server's memory that is worth a warning. The alert rule has the same number. */
export const nearlyFull = 0.8;

/**
 * Reads the statistics. One round trip.
 *
 * @throws MemcachedFailure when the server can't be asked.
 */
export async function readMemory(server: MemcachedClient): Promise<Memory> {
  const pipeline = new Pipeline();
  const [general, settings, items] = [
    pipeline.stats(),
    pipeline.stats("settings"),
    pipeline.stats("items"),
  ];
  const replies = await server.read(pipeline);
  const stats = replies.of(general);
  const number = (name: string) => Number(stats.get(name) ?? 0);
  return {
    usedBytes: number("bytes"),
    limitBytes: number("limit_maxbytes"),
    evictions: number("evictions"),
    mayEvict: replies.of(settings).get("evictions") !== "off",
    outOfMemory: refusedItems(replies.of(items)),
  };
}

/**
 * Number of items that were refused for lack of memory, from the statistics of `items`. The general statistics have a
 * number of the same name, which the binary protocol never increments.
 */
export function refusedItems(items: ReadonlyMap<string, string>): number {
  const counts = [...items].filter(([name]) => name.endsWith(":outofmemory"));
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}
