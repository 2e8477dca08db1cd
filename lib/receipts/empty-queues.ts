/** Whether a ballot that MySQL does not have may still be in a queue. */
import type { MemcachedClient } from "../memcached/client.ts";
import { nothingWaits } from "../queue/depth.ts";
import type { QueueHomes } from "../queue/queue-homes.ts";
import type { Database } from "../store/database.ts";
import { learnHomes } from "../store/fleet-processes.ts";

/**
 * True when the queues of every home that a front may use are seen to be empty on all servers. The homes are read from
 * MySQL each time: another machine may have more than this process's settings name.
 *
 * @throws StoreFailure.
 */
export async function allQueuesEmpty(
  db: Database,
  homes: QueueHomes,
  servers: readonly MemcachedClient[],
): Promise<boolean> {
  await learnHomes(db, homes);
  return nothingWaits(servers, homes.names);
}
