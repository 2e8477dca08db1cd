/**
 * The queues of servers that are not listed any more. They are flushed like all others; when one is empty, its epoch is
 * ended, and the next pass closes its checkpoint. Where the server stays away, its queues are given up.
 */
import type { MemcachedClient } from "#lib/memcached/client.ts";
import { orWhenMemcachedFails } from "#lib/memcached/failure.ts";
import { epochKey } from "#lib/memcached/keys.ts";
import { Pipeline } from "#lib/memcached/pipeline.ts";
import { readPointer } from "#lib/queue/slots.ts";
import { type Checkpoint, closeCheckpoint, openCheckpoints } from "#lib/store/checkpoints.ts";
import type { WorkerParts } from "./worker-parts.ts";

/** @throws StoreFailure. */
export async function endLeftQueues(worker: WorkerParts): Promise<void> {
  const { clock, config, log, placement, store } = worker;
  if (placement.leaving.length === 0) return;
  const open = await openCheckpoints(store);
  for (const server of placement.leaving) {
    for (const checkpoint of open.filter(each => each.server === server.name)) {
      if (server.awayMs <= config.frontGoneMs) {
        await orWhenMemcachedFails(endIfEmpty(server, checkpoint), () => undefined);
        continue;
      }
      const { queue, epoch, slot } = checkpoint;
      await closeCheckpoint(store, epoch, clock.nowMs());
      log.error({ event: "queue_given_up", server: server.name, queue, epoch, slot });
    }
  }
}

/** @throws MemcachedFailure. */
async function endIfEmpty(
  server: MemcachedClient,
  { queue, epoch, slot }: Checkpoint,
): Promise<void> {
  const reading = new Pipeline();
  const current = reading.getVersioned(epochKey(queue));
  const found = (await server.read(reading)).of(current);
  if (found?.value.toString() !== epoch) return;
  if (((await readPointer(server, queue, epoch)) ?? 0) > slot) return;
  const ending = new Pipeline();
  ending.delete(epochKey(queue), found);
  await server.send(ending);
}
