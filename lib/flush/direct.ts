/**
 * The transaction of a batch that goes straight into MySQL, because no queue server can take it.
 *
 * Invariant: the batch's id is in `batches` like any other's. An attempt to enqueue it may have succeeded
 *   without an answer; when that slot is flushed, its batch is known.
 * Invariant: the closing time of a ballot that is not accepted yet is checked here, under the lock on the poll's row:
 *   a front may not have heard of an editor's decision while memcached is away.
 */
import type { Ballot, Batch } from "../model/ballot.ts";
import type { Epoch, PollId } from "../model/ids.ts";
import type { Store } from "../store/database.ts";
import { insertDeadLetters } from "../store/dead-letters.ts";
import type { LockedPoll } from "../store/locked-polls.ts";
import { type Arrival, permanentRefusal, type Standing } from "./fates.ts";
import { deadLetterOf, type Settlement, settle } from "./settle.ts";
import type { Verdict } from "./tally-corrections.ts";

/** In `batches`, in the place of an epoch: committed by a front itself. */
const directEpoch = "direct" as Epoch;

/**
 * - `counted`: or the very same ballot was there.
 * - `refused`: its poll takes no ballots any more; an accepted ballot is a dead letter now.
 * - `instead`: another ballot of its voter stands, or the very same one.
 */
export type DirectFate = "counted" | "refused" | { readonly instead: Standing };

export interface DirectOutcome {
  /** In the order of the batch. */
  readonly fates: readonly DirectFate[];
  /** `undefined`: the batch was in MySQL already. */
  readonly verdict: Verdict | undefined;
}

/**
 * Commits one batch.
 *
 * @param accepted - its voters were told before that their ballots are accepted, so each ballot is in the
 *   books whatever its fate: it counts even if the poll has been closed since, and becomes a dead letter when it
 *   can't be counted.
 * @throws StoreFailure. `commit_unknown`: committing the same batch again tells. `duplicate` and
 *   `contention`: rolled back; try again.
 */
export function commitDirectly(
  store: Store,
  batch: Batch,
  accepted: boolean,
  nowMs: number,
): Promise<DirectOutcome> {
  return store.transaction(async db => {
    const settlement = await settle(db, [{ slot: 0, batch }], {
      epoch: directEpoch,
      nowMs,
      refusal: (ballot, polls) =>
        (accepted ? undefined : lateness(ballot, polls)) ?? permanentRefusal(ballot, polls),
      refused: accepted ? "set-aside" : "dropped",
      accepted,
    });
    if (accepted) {
      await insertDeadLetters(db, directEpoch, settlement.refused.map(deadLetterOf), nowMs);
    }
    if (settlement.fresh.length > 0) {
      return { fates: fatesOf(settlement, batch), verdict: settlement.verdict };
    }
    return { fates: batch.ballots.map(() => "counted"), verdict: undefined };
  });
}

function lateness(ballot: Ballot, polls: ReadonlyMap<PollId, LockedPoll>): string | undefined {
  const closesAtMs = polls.get(ballot.pollId)?.closesAtMs ?? null;
  return closesAtMs !== null && ballot.receivedAtMs >= closesAtMs
    ? "the poll was closed"
    : undefined;
}

/** Both lists of the settlement have the order of the batch, and each of its ballots is in one of them. */
function fatesOf({ arrivals, refused, fateOf }: Settlement, { ballots }: Batch): DirectFate[] {
  const left = { arrivals: [...arrivals].reverse(), refused: [...refused].reverse() };
  return ballots.map(ballot => {
    if (left.refused.at(-1)?.arrival.ballot === ballot) {
      left.refused.pop();
      return "refused";
    }
    const fate = fateOf(left.arrivals.pop() as Arrival);
    const instead = "standing" in fate ? fate.standing : undefined;
    return instead ? { instead } : "counted";
  });
}
