/**
 * How an epoch of a queue begins and ends: one life of a memcached server's memory, with a random name and a pointer.
 *
 * Invariant: the pointer is created once, with `add`, and `incr` never creates it. So no number is used twice in an
 *   epoch, and a server that lost its memory is noticed.
 * Invariant: the pointer exists before the epoch's name does. So an epoch without a pointer has lost part of its
 *   memory, and is over.
 */
import { randomBytes } from "node:crypto";
import { outOfMemory } from "../memcached/failure.ts";
import { epochKey, pointerKey } from "../memcached/keys.ts";
import { Pipeline } from "../memcached/pipeline.ts";
import type { Session } from "../memcached/session.ts";
import type { Epoch, QueueName } from "../model/ids.ts";

/** 0, padded to the longest number: otherwise a counter that grows by a digit would need new memory. */
const firstPointer = "0".padEnd(20);

/**
 * Reads the epoch, or begins one. Any number of fronts may do this at once: each creates a pointer for the epoch
 * that it offers, `add` lets one of them name the epoch, and the others delete their pointers.
 *
 * @throws MemcachedFailure when the server does not answer, or is full.
 */
export async function openEpoch(
  session: Session,
  queue: QueueName,
  answerMs: number,
): Promise<Epoch> {
  const offered = randomBytes(6).toString("hex") as Epoch;
  const first = new Pipeline();
  const existing = first.get(epochKey(queue));
  const made = first.add(pointerKey(queue, offered), firstPointer, 0);
  const firstReplies = await session.send(first, answerMs);
  if (firstReplies.of(made) === "full") throw outOfMemory("a new epoch");

  const second = new Pipeline();
  if (!firstReplies.of(existing)) second.add(epochKey(queue), offered, 0);
  const read = second.get(epochKey(queue));
  const secondReplies = await session.send(second, answerMs);
  const epoch = secondReplies.of(read)?.toString() as Epoch | undefined;

  if (epoch !== offered) {
    const third = new Pipeline();
    third.delete(pointerKey(queue, offered));
    await session.send(third, answerMs);
  }
  if (!epoch) throw outOfMemory("a new epoch");
  return epoch;
}

/**
 * Deletes the name of an epoch whose pointer is gone, unless another epoch has begun.
 *
 * @throws MemcachedFailure when the server does not answer.
 */
export async function endEpoch(
  session: Session,
  queue: QueueName,
  epoch: Epoch,
  answerMs: number,
): Promise<void> {
  const first = new Pipeline();
  const named = first.getVersioned(epochKey(queue));
  const current = (await session.send(first, answerMs)).of(named);
  if (current?.value.toString() !== epoch) return;
  const second = new Pipeline();
  second.delete(epochKey(queue), current);
  await session.send(second, answerMs);
}
