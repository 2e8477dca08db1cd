/**
 * Reopening the count of a final poll, to count ballots that were received before the closing and came too late: from a
 * front that was declared gone and returned, or from a queue that was flushed late.
 *
 * The poll is *closing* again, and the worker does the rest: it counts the ballots that were set aside and makes the
 * poll final again (`flush/finalize.ts`). So a crash in between leaves nothing half done, and no vote is accepted.
 */
import { FloodgateError } from "../base/errors.ts";
import type { Slug } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import { unfinalizePoll } from "../store/poll-changes.ts";
import { insertReopening } from "../store/reopenings.ts";
import { readTotals } from "../store/totals.ts";
import { type EditDeps, type Expected, editPoll } from "./edit.ts";
import { countTimelyLetters } from "./timely-ballots.ts";

export interface ReopenInput {
  /** A sentence for readers. */
  readonly reason: string;
  /** An editor's email address, or `operator`. Not public. */
  readonly by: string;
}

/**
 * Reopens the count. Resolves with the poll and the number of ballots that will be counted.
 *
 * @throws FloodgateError `poll_not_found`; `edit_conflict`; `poll_in_use` when the poll is not final; `nothing_to_count` when no ballot
 *   that was set aside was received before the closing.
 */
export async function reopenCount(
  deps: EditDeps,
  slug: Slug,
  { reason, by }: ReopenInput,
  nowMs: number,
  expected: Expected = {},
): Promise<{ readonly poll: Poll; readonly ballots: number }> {
  let ballots = 0;
  const poll = await editPoll(deps, slug, nowMs, expected, async (db, found) => {
    const { id, finalizedAtMs, closesAtMs } = found;
    if (finalizedAtMs === null || closesAtMs === null) {
      const detail = "Only the count of a final poll can be reopened.";
      throw new FloodgateError("poll_in_use", { detail });
    }
    ballots = await countTimelyLetters(db, id, closesAtMs);
    if (ballots === 0) throw new FloodgateError("nothing_to_count");
    const before = (await readTotals(db, [id])).get(id)?.ballots ?? 0;
    await insertReopening(db, id, { reason, by, ballots: before }, nowMs);
    await unfinalizePoll(db, id, nowMs);
  });
  deps.log.warn({ event: "count_reopened", poll: slug, ballots });
  return { poll, ballots };
}
