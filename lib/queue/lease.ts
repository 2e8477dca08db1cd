/**
 * The lease of a queue's lock: asked for here by whoever writes a slot (`producer.ts`) and by whoever holds all
 * queues still (`hold.ts`), so that both mean the same by it.
 *
 * The lock is a counter made with value 1; whoever is answered 1 has it, until it is deleted or its time is over.
 */
import { SECOND } from "../base/clock.ts";
import { lockKey } from "../memcached/keys.ts";
import type { CounterReply, Op, Pipeline } from "../memcached/pipeline.ts";
import type { Epoch, QueueName } from "../model/ids.ts";

/** The server's lease: a TTL of 2 lives for more than 1 s and up to 2 s. */
export const leaseSeconds = 2;
/** Beyond this the lease may have ended, so the lock is left to expire instead of being deleted. */
export const leaseSurelyOursMs = 0.9 * SECOND;

/** Asks for the lock of a queue; the answer 1 means that it is ours from now on. */
export function askForLock(p: Pipeline, queue: QueueName, epoch: Epoch): Op<CounterReply> {
  return p.incr(lockKey(queue, epoch), 1, { initial: 1, ttlSeconds: leaseSeconds });
}
