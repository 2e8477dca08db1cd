/** A memcached server's memory, as it tells it itself. */
import type { MemcachedClient } from "./client.ts";
import { Pipeline } from "./pipeline.ts";

export interface Memory {
  readonly usedBytes: number;
  readonly limitBytes: number;
  readonly evictions: number;
  /** Items whose memory was refused. */
  readonly outOfMemory: number;
}

/**
 * Asks for it. One round trip.
 *
 * @throws MemcachedFailure when the server can't be asked.
 */
export async function readMemory(server: MemcachedClient): Promise<Memory> {
  const p = new Pipeline();
  const op = p.stats();
  const stats = (await server.read(p)).of(op);
  const number = (name: string) => Number(stats.get(name) ?? 0);
  return {
    usedBytes: number("bytes"),
    limitBytes: number("limit_maxbytes"),
    evictions: number("evictions"),
    outOfMemory: number("store_no_memory"),
  };
}
