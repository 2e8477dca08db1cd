/**
 * Items on a server that are not placed there: of an earlier list of servers. They are removed before a change of the
 * list, so that an item which moves to the server does not meet an outdated copy of itself.
 */

import type { MemcachedClient } from "#lib/memcached/client.ts";
import { dumpKeys } from "#lib/memcached/key-dump.ts";
import {
  type Key,
  parseMarkKey,
  parseTallyKey,
  publishedKeyPrefix,
  publishedSlug,
} from "#lib/memcached/keys.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import type { Placement } from "#lib/memcached/placement.ts";
import type { WorkerParts } from "./worker-parts.ts";

const keysPerPipeline = 1_000;

/**
 * **Cost:** a dump of the server's keys.
 *
 * @throws MemcachedFailure.
 */
export async function removeForeignItems(
  { placement, log }: Pick<WorkerParts, "placement" | "log">,
  server: MemcachedClient,
): Promise<void> {
  let removed = 0;
  let pipeline = new Pipeline();
  for await (const { key } of dumpKeys(server, "")) {
    if (serversOf(placement, key)?.includes(server) ?? true) continue;
    pipeline.delete(key as Key);
    removed += 1;
    if (pipeline.size < keysPerPipeline) continue;
    await server.send(pipeline);
    pipeline = new Pipeline();
  }
  if (pipeline.size > 0) await server.send(pipeline);
  if (removed > 0) log.info({ event: "old_items_removed", server: server.name, items: removed });
}

/** Where an item lives; `undefined` for one that does not follow the placement. */
function serversOf(placement: Placement, key: string): readonly MemcachedClient[] | undefined {
  const mark = parseMarkKey(key);
  if (mark) return placement.ofVoter(mark.voter);
  const poll = parseTallyKey(key);
  if (poll !== undefined) return placement.of(poll);
  return key.startsWith(publishedKeyPrefix) ? placement.ofSlug(publishedSlug(key)) : undefined;
}
