/**
 * Each lane's depth and its oldest ballot, for people and monitors. Read from memcached alone, so that it is known
 * while MySQL is away.
 *
 * The checkpoint is the published one, which lags behind MySQL's between a commit and its publication.
 */
import type { MemcachedClient } from "../memcached/client.ts";
import { orWhenMemcachedFails } from "../memcached/failure.ts";
import type { Epoch, QueueName } from "../model/ids.ts";
import type { Lane } from "../model/lane.ts";
import { laneOf } from "./queue-names.ts";
import { decodeBatch } from "./slot-codec.ts";
import { type QueueState, readCheckpoints, readQueues, readSlots } from "./slots.ts";

/** What waits in one lane on one server. */
export interface LaneDepth {
  readonly server: string;
  readonly lane: Lane;
  readonly slots: number;
  /** When the oldest ballot in the oldest slots was received, wall clock; `undefined`: nothing waits. */
  readonly oldestAtMs: number | undefined;
}

/** What waits in one queue, and how far it has been flushed. */
export interface QueueDepth {
  readonly server: string;
  readonly queue: QueueName;
  readonly epoch: Epoch;
  readonly checkpoint: number;
  readonly lane: Lane;
  readonly slots: number;
  readonly oldestAtMs: number | undefined;
}

/** Depths of one server by lane; `undefined` when it is away. Three or four round trips. */
export async function readDepth(
  server: MemcachedClient,
  names: readonly QueueName[],
): Promise<LaneDepth[] | undefined> {
  const depths = await readQueueDepths(server, names);
  return depths && sumByLane(server, depths);
}

/** Depths of one server by queue; `undefined` when it is away. Three or four round trips. */
export function readQueueDepths(
  server: MemcachedClient,
  names: readonly QueueName[],
): Promise<QueueDepth[] | undefined> {
  return orWhenMemcachedFails(queueDepths(server, names), () => undefined);
}

/** True when every server answers and has no waiting slot. Three or four round trips. */
export async function nothingWaits(
  servers: readonly MemcachedClient[],
  names: readonly QueueName[],
): Promise<boolean> {
  const depths = await Promise.all(servers.map(server => readQueueDepths(server, names)));
  return depths.every(queues => queues?.every(({ slots }) => slots === 0));
}

async function queueDepths(
  server: MemcachedClient,
  names: readonly QueueName[],
): Promise<QueueDepth[]> {
  const queues = await readQueues(server, names);
  const checkpoints = await readCheckpoints(server, queues);
  return Promise.all(
    queues.map((queue, index) => queueDepth(server, queue, checkpoints[index] ?? 0)),
  );
}

async function queueDepth(
  server: MemcachedClient,
  { queue, epoch, pointer }: QueueState,
  checkpoint: number,
): Promise<QueueDepth> {
  const slots = Math.max(0, pointer - checkpoint);
  const lane = laneOf(queue);
  const depth = { server: server.name, queue, epoch, checkpoint, lane, slots };
  if (slots === 0) return { ...depth, oldestAtMs: undefined };
  const bytes = (await readSlots(server, queue, epoch, [checkpoint + 1])).get(checkpoint + 1);
  return { ...depth, oldestAtMs: bytes && oldestIn(bytes) };
}

function oldestIn(bytes: Buffer): number | undefined {
  try {
    const ballots = decodeBatch(bytes)?.ballots ?? [];
    return ballots.length === 0
      ? undefined
      : Math.min(...ballots.map(ballot => ballot.receivedAtMs));
  } catch {
    // The flush puts it into the dead letters.
    return undefined;
  }
}

function sumByLane(server: MemcachedClient, queues: readonly QueueDepth[]): LaneDepth[] {
  const lanes = new Map<Lane, LaneDepth>();
  for (const { lane, slots, oldestAtMs } of queues) {
    const before = lanes.get(lane);
    const times = [before?.oldestAtMs, oldestAtMs].filter(time => time !== undefined);
    lanes.set(lane, {
      server: server.name,
      lane,
      slots: slots + (before?.slots ?? 0),
      oldestAtMs: times.length > 0 ? Math.min(...times) : undefined,
    });
  }
  return [...lanes.values()];
}
