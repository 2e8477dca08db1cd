/** A memcached server's memory, as it tells it itself. */
import type { MemcachedClient } from "./client.ts";
import { Pipeline } from "./pipeline.ts";

export interface Memory {
  readonly usedBytes: number;
  readonly limitBytes: number;
  readonly evictions: number;
  /** It runs without `-M`: when it is full, it throws things away instead of refusing more. */
  readonly mayEvict: boolean;
  /** Items whose memory was refused. */
  readonly outOfMemory: number;
}

/** Of a server's limit: from then on somebody should know. The alert rule has the same. */
export const nearlyFull = 0.8;

/**
 * Asks for it. One round trip.
 *
 * @throws MemcachedFailure when the server can't be asked.
 */
export async function readMemory(server: MemcachedClient): Promise<Memory> {
  const p = new Pipeline();
  const [general, settings, items] = [p.stats(), p.stats("settings"), p.stats("items")];
  const replies = await server.read(p);
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
 * Items whose memory was refused, of the statistics of `items`. The general ones have a number of such a name too, which
 * the binary protocol never moves.
 */
export function refusedItems(items: ReadonlyMap<string, string>): number {
  const counts = [...items].filter(([name]) => name.endsWith(":outofmemory"));
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}
