/**
 * Which queues there are: one for each lane and home, on each queue server.
 *
 * A *home* is the stable number of a front process. A front with a home of its own never waits for another front's lock;
 * two fronts that share a home are slower, and nothing else.
 */
import type { QueueName } from "../model/ids.ts";
import { type Lane, lanes } from "../model/lane.ts";

/** The queue of one lane and home. */
export function queueName(lane: Lane, home: number): QueueName {
  return `${lane}.${home}` as QueueName;
}

/** The lane of a queue. */
export function laneOf(queue: QueueName): Lane {
  const lane = lanes.find(name => queue.startsWith(`${name}.`));
  if (!lane) throw new RangeError(`not a queue's name: ${queue}`);
  return lane;
}

/** Every queue that may exist on a server, high lanes first. */
export function allQueueNames(homes: number): QueueName[] {
  return lanes.flatMap(lane => Array.from({ length: homes }, (_, home) => queueName(lane, home)));
}
