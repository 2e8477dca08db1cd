/**
 * The consuming side of the queues of one server: depth, slots, tombstones, deletion. Reads and writes memcached only;
 * `lib/flush` decides what becomes of the ballots.
 *
 * States of a slot number: *taken* (a front incremented the pointer) → *written* (`add` of the batch) → *committed* (its
 * flush is in MySQL) → *deleted*. A number that is taken and not written is a *missing slot*. The worker waits a grace
 * time, longer than any client's deadline, and passes the number only when its `add` of a tombstone succeeds. A front
 * that is late finds its own `add` refused and takes another number.
 *
 * Invariant: a tombstone outlives every front that may still hold its number: memcached closes a connection that was
 *   idle for a minute, and a tombstone lives for ten.
 */
import { DAY, SECOND } from "../base/clock.ts";
import { portions } from "../base/lists.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { checkpointKey, epochKey, pointerKey, slotKey } from "../memcached/keys.ts";
import { counterValue, Pipeline } from "../memcached/pipeline.ts";
import type { Epoch, QueueName, SlotNumber } from "../model/ids.ts";
import { tombstoneOf } from "./slot-codec.ts";

/** A queue that exists, with its epoch. */
export interface QueueEpoch {
  readonly queue: QueueName;
  readonly epoch: Epoch;
}

/** The current state of one queue in memcached. */
export interface QueueState extends QueueEpoch {
  /** Number of the newest slot taken. */
  readonly pointer: number;
}

const tombstoneSeconds = 600;
const revivedSeconds = DAY / SECOND;
/** With slots of 64 kB, an answer has 2 MB at most. */
export const slotsPerRead = 32;

/**
 * The epochs of a server's queues. One round trip.
 *
 * @throws MemcachedFailure when the server can't be asked.
 */
export async function readEpochs(
  client: MemcachedClient,
  names: readonly QueueName[],
): Promise<QueueEpoch[]> {
  const pipeline = new Pipeline();
  const epochs = names.map(queue => ({ queue, op: pipeline.get(epochKey(queue)) }));
  const replies = await client.read(pipeline);
  return epochs.flatMap(({ queue, op }) => {
    const epoch = replies.of(op)?.toString() as Epoch | undefined;
    return epoch ? [{ queue, epoch }] : [];
  });
}

/**
 * The queues that exist on a server. Two round trips, whatever their number.
 *
 * @throws MemcachedFailure when the server can't be asked.
 */
export async function readQueues(
  client: MemcachedClient,
  names: readonly QueueName[],
): Promise<QueueState[]> {
  const existing = await readEpochs(client, names);
  if (existing.length === 0) return [];
  const pipeline = new Pipeline();
  const pointers = existing.map(({ queue, epoch }) => pipeline.get(pointerKey(queue, epoch)));
  const replies = await client.read(pipeline);
  return existing.flatMap(({ queue, epoch }, index) => {
    const op = pointers[index];
    const pointer = op && counterValue(replies.of(op));
    return typeof pointer === "bigint" ? [{ queue, epoch, pointer: Number(pointer) }] : [];
  });
}

/** The published checkpoints of some queues, 0 where there is none. One round trip. */
export async function readCheckpoints(
  client: MemcachedClient,
  queues: readonly QueueEpoch[],
): Promise<number[]> {
  if (queues.length === 0) return [];
  const pipeline = new Pipeline();
  const ops = queues.map(({ queue, epoch }) => pipeline.get(checkpointKey(queue, epoch)));
  const replies = await client.read(pipeline);
  return ops.map(op => Number(counterValue(replies.of(op)) ?? 0n));
}

/** The pointer of one epoch, or `null` when the server has forgotten it. */
export async function readPointer(
  client: MemcachedClient,
  queue: QueueName,
  epoch: Epoch,
): Promise<number | null> {
  const pipeline = new Pipeline();
  const pointer = pipeline.get(pointerKey(queue, epoch));
  const value = counterValue((await client.read(pipeline)).of(pointer));
  return value === null ? null : Number(value);
}

/** The bytes of each of `slots` that exists. */
export async function readSlots(
  client: MemcachedClient,
  queue: QueueName,
  epoch: Epoch,
  slots: readonly number[],
): Promise<ReadonlyMap<number, Buffer>> {
  const found = new Map<number, Buffer>();
  for (const wanted of portions(slots, slotsPerRead)) {
    const pipeline = new Pipeline();
    const ops = wanted.map(slot => pipeline.get(slotKey(queue, epoch, slot as SlotNumber)));
    const replies = await client.read(pipeline);
    for (const [index, op] of ops.entries()) {
      const bytes = replies.of(op);
      const slot = wanted[index];
      if (bytes && slot !== undefined) found.set(slot, bytes);
    }
  }
  return found;
}

/**
 * A server's memory is divided into slab pages; each belongs to a slab class, for items of about one size. On a full
 * server, the classes for small items may be full of marks, while flushed slots have left memory in larger classes.
 */
const tombstoneSizes = [0, 500, 2_000, 8_000, 32_000];

/** `placed`: the number is passed for good. `written`: a front's batch is there after all. */
export async function placeTombstone(
  client: MemcachedClient,
  queue: QueueName,
  epoch: Epoch,
  slot: number,
): Promise<"placed" | "written" | "full"> {
  for (const bytes of tombstoneSizes) {
    const pipeline = new Pipeline();
    const key = slotKey(queue, epoch, slot as SlotNumber);
    const added = pipeline.add(key, tombstoneOf(bytes), tombstoneSeconds);
    const stored = (await client.send(pipeline)).of(added);
    if (stored === "stored") return "placed";
    if (stored === "exists") return "written";
  }
  return "full";
}

/** Publishes a queue's checkpoint, so that fronts forget the committed batches. */
export async function publishCheckpoint(
  client: MemcachedClient,
  queue: QueueName,
  epoch: Epoch,
  slot: number,
): Promise<void> {
  const pipeline = new Pipeline();
  pipeline.overwrite(checkpointKey(queue, epoch), String(slot), 0);
  await client.send(pipeline);
}

/** Makes committed slots expire, in case no worker deletes them. */
export async function expireSlots(
  client: MemcachedClient,
  queue: QueueName,
  epoch: Epoch,
  slots: readonly number[],
  ttlSeconds: number,
): Promise<void> {
  if (slots.length === 0) return;
  const pipeline = new Pipeline();
  for (const slot of slots) pipeline.touch(slotKey(queue, epoch, slot as SlotNumber), ttlSeconds);
  await client.send(pipeline);
}

/** Those of `slots` that still exist. They stay for another day, because MySQL may have lost their commit. */
export async function reviveSlots(
  client: MemcachedClient,
  queue: QueueName,
  epoch: Epoch,
  slots: readonly number[],
): Promise<ReadonlySet<number>> {
  const pipeline = new Pipeline();
  const ops = slots.map(slot =>
    pipeline.touch(slotKey(queue, epoch, slot as SlotNumber), revivedSeconds),
  );
  const replies = await client.send(pipeline);
  return new Set(slots.filter((_, index) => replies.of(ops[index] as (typeof ops)[number])));
}

/** Deletes committed slots. Tombstones are not among them: they stay until they expire. */
export async function deleteSlots(
  client: MemcachedClient,
  queue: QueueName,
  epoch: Epoch,
  slots: readonly number[],
): Promise<void> {
  if (slots.length === 0) return;
  const pipeline = new Pipeline();
  for (const slot of slots) pipeline.delete(slotKey(queue, epoch, slot as SlotNumber));
  await client.send(pipeline);
}
