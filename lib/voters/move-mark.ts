/**
 * Moves a voter's mark to a change, by compare-and-swap: one of several concurrent changes succeeds. While the list of
 * servers changes, a voter has two marks; the old list's is moved first, and then the other.
 */
import type { MemcachedClient } from "../memcached/client.ts";
import { MemcachedFailure, orWhenMemcachedFails } from "../memcached/failure.ts";
import { markKey } from "../memcached/keys.ts";
import type { Placement } from "../memcached/placement.ts";
import { pollKeyOf } from "../model/poll-key.ts";
import {
  type Mark,
  type MarkedBallot,
  moveAttemptsMax,
  parseMark,
  raiseMarks,
  readVersioned,
  replaceMark,
  takeBackOn,
} from "./marks.ts";

/**
 * The result of moving a voter's mark to a change.
 *
 * - `moved`: done; `mark` is the ballot that the change replaced.
 * - `standing`: not done; `mark` is the ballot that stands, the change itself when this is a retry.
 * - `unknown`: the mark is missing, or older than the ballot that the change replaces.
 */
export type MarkMove =
  | { readonly move: "moved" | "standing"; readonly mark: Mark }
  | { readonly move: "unknown" };

const unknown: MarkMove = { move: "unknown" };

/**
 * Moves the mark of a change's voter to the change. Cost: two round trips; more when changes compete for the mark, or
 * while the list of servers changes.
 *
 * @throws MemcachedFailure when the answer was lost: the mark may have been moved.
 */
export async function moveMark(placement: Placement, change: MarkedBallot): Promise<MarkMove> {
  const [first, other] = placement.ofVoter(change.voter);
  const moved = await moveOn(first, change);
  if (!other || moved.move === "standing") return moved;
  const there = await orWhenMemcachedFails(moveOn(other, change), () => unknown);
  if (moved.move === "unknown") {
    if (there.move === "moved") await raiseMarks(placement, [change]);
    return there;
  }
  if (there.move === "unknown") await raiseMarks(placement, [change]);
  if (there.move !== "standing" || there.mark.ballotId === change.ballotId) return moved;
  await takeBackOn(first, [{ ballot: change, before: moved.mark }]);
  return there;
}

/** @throws MemcachedFailure like `moveMark`. */
async function moveOn(server: MemcachedClient, change: MarkedBallot): Promise<MarkMove> {
  const key = markKey(pollKeyOf(change), change.voter);
  for (let attempt = 0; attempt < moveAttemptsMax; attempt++) {
    const found = await readVersioned(server, key);
    const mark = found && parseMark(found.value);
    if (!found || !mark || mark.revision < change.revision - 1) return { move: "unknown" };
    if (mark.revision !== change.revision - 1 || mark.ballotId === change.ballotId) {
      return { move: "standing", mark };
    }
    const stored = await replaceMark(server, key, change, found);
    if (stored === "stored") return { move: "moved", mark };
    if (stored === "full") return { move: "unknown" };
  }
  throw new MemcachedFailure(
    "not_sent",
    "every compare-and-swap of the mark lost to another change",
  );
}
