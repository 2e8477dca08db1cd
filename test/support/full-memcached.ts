/** Filling a memcached, for tests of what becomes of writes that it has no room for. */
import type { MemcachedClient } from "#lib/memcached/client.ts";
import type { Key } from "#lib/memcached/keys.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";

/** Sizes of values that take the memory for counters, marks and all else that is small. */
export const smallItems = Array.from({ length: 40 }, (_, index) => 1 + index * 8);

/** Takes all the memory that there is for items of these sizes, and resolves with the keys that took it. */
export async function fill(client: MemcachedClient, sizes: readonly number[]): Promise<Key[]> {
  const taken: Key[] = [];
  for (const size of sizes) {
    for (let full = false, index = 0; !full; ) {
      const p = new Pipeline();
      const added = Array.from({ length: 100 }, () => {
        const key = `fill:${size}:${index++}` as Key;
        return { key, op: p.add(key, Buffer.alloc(size), 0) };
      });
      const replies = await client.send(p);
      for (const { key, op } of added) {
        if (replies.of(op) === "full") full = true;
        else taken.push(key);
      }
    }
  }
  return taken;
}
