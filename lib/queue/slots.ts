/**
 * The consuming side of the queues of one server: what waits, the slots themselves, tombstones,
 * deletion. Reads and writes memcached only; what becomes of the ballots is `lib/flush`'s.
 *
 * A slot number's life: *taken* (a front incremented the pointer) → *written* (`add` of the batch) →
 * *committed* (its flush is in MySQL) → *deleted*. A number that stays taken is a *hole*: the worker
 * waits a grace time, longer than any client's deadline, and passes it only by winning an `add` of a
 * tombstone; the front that comes late then finds its own `add` refused and takes another number.
 *
 * Invariant: a tombstone outlives every front that may still hold its number: memcached closes
 *   connections that were idle for a minute, the tombstone lives for ten.
 */
import { portions } from "../base/lists.ts";
import type { MemcachedClient } from "../memcached/client.ts";
import { checkpointKey, epochKey, pointerKey, slotKey } from "../memcached/keys.ts";
import { counterValue, Pipeline } from "../memcached/pipeline.ts";
import type { Epoch, QueueName, SlotNumber } from "../model/ids.ts";
import { tombstoneOf } from "./slot-codec.ts";

/** A queue that exists, by the life of its memory. */
export interface QueueEpoch {
  readonly queue: QueueName;
  readonly epoch: Epoch;
}

/** One queue as it stands in memcached right now. */
export interface QueueState extends QueueEpoch {
  /** Number of the newest slot taken. */
  readonly pointer: number;
}

const tombstoneSeconds = 600;
/** At 64 kB a slot, an answer of 2 MB at most. */
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
  const p = new Pipeline();
  const epochs = names.map(queue => ({ queue, op: p.get(epochKey(queue)) }));
  const r = await client.read(p);
  return epochs.flatMap(({ queue, op }) => {
    const epoch = r.of(op)?.toString() as Epoch | undefined;
    return epoch ? [{ queue, epoch }] : [];
  });
}

/**
 * The queues of a server that exist. Two round trips, whatever their number.
 *
 * @throws MemcachedFailure when the server can't be asked.
 */
export async function readQueues(
  client: MemcachedClient,
  names: readonly QueueName[],
): Promise<QueueState[]> {
  const existing = await readEpochs(client, names);
  if (existing.length === 0) return [];
  const p = new Pipeline();
  const pointers = existing.map(({ queue, epoch }) => p.get(pointerKey(queue, epoch)));
  const r = await client.read(p);
  return existing.flatMap(({ queue, epoch }, index) => {
    const op = pointers[index];
    const pointer = op && counterValue(r.of(op));
    return typeof pointer === "bigint" ? [{ queue, epoch, pointer: Number(pointer) }] : [];
  });
}

/** The checkpoints that the worker has published of some queues, 0 where it has none. One round trip. */
export async function readCheckpoints(
  client: MemcachedClient,
  looks: readonly QueueEpoch[],
): Promise<number[]> {
  if (looks.length === 0) return [];
  const p = new Pipeline();
  const ops = looks.map(({ queue, epoch }) => p.get(checkpointKey(queue, epoch)));
  const r = await client.read(p);
  return ops.map(op => Number(counterValue(r.of(op)) ?? 0n));
}

/** The pointer of one epoch, or `null` when the server has forgotten it. */
export async function readPointer(
  client: MemcachedClient,
  queue: QueueName,
  epoch: Epoch,
): Promise<number | null> {
  const p = new Pipeline();
  const pointer = p.get(pointerKey(queue, epoch));
  const value = counterValue((await client.read(p)).of(pointer));
  return value === null ? null : Number(value);
}

/** The bytes of those of `slots` that are there. */
export async function readSlots(
  client: MemcachedClient,
  queue: QueueName,
  epoch: Epoch,
  slots: readonly number[],
): Promise<ReadonlyMap<number, Buffer>> {
  const found = new Map<number, Buffer>();
  for (const wanted of portions(slots, slotsPerRead)) {
    const p = new Pipeline();
    const ops = wanted.map(slot => p.get(slotKey(queue, epoch, slot as SlotNumber)));
    const r = await client.read(p);
    for (const [index, op] of ops.entries()) {
      const bytes = r.of(op);
      const slot = wanted[index];
      if (bytes && slot !== undefined) found.set(slot, bytes);
    }
  }
  return found;
}

/**
 * A full server's memory is in pages, each for items of about one size. Marks may have taken all that is there for
 * small ones; slots that were flushed leave room for what is larger.
 */
const tombstoneSizes = [0, 500, 2_000, 8_000, 32_000];

/** `placed`: the number is passed for good. `written`: somebody's batch is there after all. */
export async function placeTombstone(
  client: MemcachedClient,
  queue: QueueName,
  epoch: Epoch,
  slot: number,
): Promise<"placed" | "written" | "full"> {
  for (const bytes of tombstoneSizes) {
    const p = new Pipeline();
    const key = slotKey(queue, epoch, slot as SlotNumber);
    const added = p.add(key, tombstoneOf(bytes), tombstoneSeconds);
    const stored = (await client.send(p)).of(added);
    if (stored === "stored") return "placed";
    if (stored === "exists") return "written";
  }
  return "full";
}

/** Tells the fronts how far MySQL has it, so that they may forget those batches. */
export async function publishCheckpoint(
  client: MemcachedClient,
  queue: QueueName,
  epoch: Epoch,
  slot: number,
): Promise<void> {
  const p = new Pipeline();
  p.overwrite(checkpointKey(queue, epoch), String(slot), 0);
  await client.send(p);
}

/** Lets committed slots live so long and no longer, whether or not somebody comes to delete them. */
export async function expireSlots(
  client: MemcachedClient,
  queue: QueueName,
  epoch: Epoch,
  slots: readonly number[],
  ttlSeconds: number,
): Promise<void> {
  if (slots.length === 0) return;
  const p = new Pipeline();
  for (const slot of slots) p.touch(slotKey(queue, epoch, slot as SlotNumber), ttlSeconds);
  await client.send(p);
}

/** Deletes committed slots. Tombstones are not among them: they stay until they expire. */
export async function deleteSlots(
  client: MemcachedClient,
  queue: QueueName,
  epoch: Epoch,
  slots: readonly number[],
): Promise<void> {
  if (slots.length === 0) return;
  const p = new Pipeline();
  for (const slot of slots) p.delete(slotKey(queue, epoch, slot as SlotNumber));
  await client.send(p);
}
