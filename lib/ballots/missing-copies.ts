/**
 * Makes missing copies again: a server that was away, or that came back empty, gets the batches that wait on the other
 * servers only, from the replay ring. So losing one more server, with its front, loses no batch.
 *
 * Invariant: tallies do not move for a copy. They moved when the batch was accepted, and the tallies of a server that
 *   lost its memory are rebuilt from MySQL and the slots, which count a batch once.
 * Invariant: a copy has the batch's id, so a batch whose copy arrives after its commit is not counted again.
 */
import { monotonicMs } from "../base/clock.ts";
import { type Placement, serversUp } from "../memcached/placement.ts";
import type { Targets } from "../queue/batch-write.ts";
import type { ReplayRing, Thinned } from "../queue/replay-ring.ts";
import { ServerWrite } from "../queue/server-write.ts";
import { decodeBatch } from "../queue/slot-codec.ts";
import { raiseMarks } from "../voters/marks.ts";
import { marksOf } from "./replayed-marks.ts";

export interface CopyDeps {
  readonly ring: ReplayRing;
  readonly targets: Targets;
  readonly tallies: Placement;
}

/** A quarter of the time between two checks of the ring, so that new votes get the locks first. */
const workMsMax = 50;
const writeMsMax = 200;

/**
 * Copies batches, the oldest ones first, for `workMsMax`. Resolves with the number of copies that were made.
 *
 * @throws MemcachedFailure when a server with marks can't be reached.
 */
export async function makeMissingCopies(deps: CopyDeps): Promise<number> {
  const { order, copies } = deps.targets;
  // There is no server to copy to.
  if (serversUp(order).length < copies) return 0;
  const untilMs = monotonicMs() + workMsMax;
  let made = 0;
  for (const thinned of deps.ring.thinned()) {
    if (monotonicMs() > untilMs) break;
    const homes = deps.targets.queues.find(
      ([producer]) => producer?.client.available && !thinned.servers.has(producer.client),
    );
    if (!homes || !(await copyTo(new ServerWrite(homes), deps, thinned))) break;
    made += 1;
  }
  return made;
}

/** False when the server did not take the copy: it stays missing until the next check. */
async function copyTo(
  write: ServerWrite,
  { ring, tallies }: CopyDeps,
  thinned: Thinned,
): Promise<boolean> {
  const { bytes } = thinned;
  const batch = decodeBatch(bytes);
  if (!batch) return false;
  await raiseMarks(tallies, marksOf(batch.ballots));
  await write.retry({ batch, bytes, moves: undefined, untilMs: monotonicMs() + writeMsMax });
  if (!write.stored) return false;
  ring.copied(thinned, write.stored);
  return true;
}
