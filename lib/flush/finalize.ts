/**
 * Makes polls final: a poll past its closing time goes from *closing* to *final* when all its ballots are
 * counted.
 *
 * Ballots from before the closing time may still be on their way: a front has some seconds to answer a
 * request, and a memcached that lost its memory is refilled from the fronts' replay rings. So a poll becomes
 * final only after a pass that started long enough after the closing time, read every queue, emptied all of
 * them, and was not close to a loss of memory.
 *
 * Invariant: after `finalized_at` is set, nothing is added to a poll's totals: `flush/fates.ts` refuses its
 *   ballots.
 */
import { monotonicMs, SECOND } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { acceptedSoFar, closeBooks } from "../books/books.ts";
import { recountPoll } from "../books/recount.ts";
import type { Poll } from "../model/poll.ts";
import type { PublishedPolls } from "../polls/published.ts";
import type { TallyDeps } from "../rebuild/rebuild.ts";
import { reconcile } from "../rebuild/reconcile.ts";
import type { Store } from "../store/database.ts";
import { finalizePoll } from "../store/poll-changes.ts";
import { closingPolls, findPoll } from "../store/polls.ts";
import type { PassSummary } from "./flusher.ts";

/** More than the 3 s in which every request is answered. */
const answerMsMax = 4 * SECOND;
/** A replay ring is emptied within a second of a loss of memory; this is ten times as long. */
const calmMs = 10 * SECOND;

export interface FinalizeDeps {
  readonly store: Store;
  readonly log: Log;
  readonly published: PublishedPolls;
  readonly tallies: TallyDeps;
}

/** A pass, with the moment when it started. */
export interface FinishedPass {
  readonly summary: PassSummary;
  /** Wall clock. */
  readonly startedAtMs: number;
  /** When a queue last lost its memory, went away or came back; monotonic. */
  readonly lastDisturbanceMs: number;
}

/** Makes totals and books of a closing poll agree with its rows, for the last time. */
async function closePollBooks({ store, log }: FinalizeDeps, poll: Poll): Promise<void> {
  const drifts = await recountPoll(store, poll, true);
  if (drifts.length > 0) log.error({ event: "totals_corrected", poll: poll.slug, drifts });
  const lost = await closeBooks(store, await acceptedSoFar(store, [poll.id]));
  for (const books of lost.values())
    log.error({ event: "ballots_lost", poll: poll.slug, ...books });
}

/** True when no ballot is on its way: every queue was read and emptied, and none lost its memory recently. */
export function isQuiescent({ summary, lastDisturbanceMs }: FinishedPass): boolean {
  const calm = monotonicMs() - lastDisturbanceMs >= calmMs;
  return summary.waiting === 0 && summary.sawEverything && calm;
}

/**
 * Makes final every poll that can be after `pass`. Resolves with the polls that became final.
 *
 * @throws StoreFailure, MemcachedFailure: no poll is left half final; the next pass tries again.
 */
export async function finalizePolls(
  deps: FinalizeDeps,
  pass: FinishedPass,
  nowMs: number,
): Promise<Poll[]> {
  if (!isQuiescent(pass)) return [];
  const due = await closingPolls(deps.store, pass.startedAtMs - answerMsMax);
  const finalized: Poll[] = [];
  for (const poll of due) {
    await closePollBooks(deps, poll);
    if (!(await reconcile(deps.tallies, [poll], true))) continue;
    if (!(await finalizePoll(deps.store, poll.id, nowMs))) continue;
    const final = await findPoll(deps.store, poll.slug);
    if (!final) continue;
    await deps.published.publish(final);
    finalized.push(final);
    deps.log.info({ event: "poll_final", poll: poll.slug });
  }
  if (finalized.length > 0) await deps.published.publishList(nowMs);
  return finalized;
}
