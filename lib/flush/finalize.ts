/**
 * From *closing* to *final*: a poll past its closing time whose ballots are all counted.
 *
 * Ballots that came before the closing time may still be on their way: a front has some seconds to
 * answer a request, and a memcached that lost its memory is refilled from the fronts' replay rings. So a
 * poll is final only after a pass that began long enough after the closing, found every queue, emptied
 * all of them, and was not close to a loss of memory.
 *
 * Invariant: after `finalized_at` is set, nothing is added to a poll's totals (`flush/fates.ts`
 *   refuses it).
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

/** > the 3 s in which every request is answered. */
const settleMs = 4 * SECOND;
/** A replay ring is emptied within a second of a loss of memory; stay well clear of it. */
const calmMs = 10 * SECOND;

export interface FinalizeDeps {
  readonly store: Store;
  readonly log: Log;
  readonly published: PublishedPolls;
  readonly tallies: TallyDeps;
}

/** A pass, and when it began. */
export interface FinishedPass {
  readonly summary: PassSummary;
  /** Wall clock. */
  readonly startedAtMs: number;
  /** When a queue last lost its memory, went away or came back; monotonic. */
  readonly lastDisturbanceMs: number;
}

/** Rows, totals and books of a poll that takes no ballots any more: what they say now is what is final. */
async function settleBooks({ store, log }: FinalizeDeps, poll: Poll): Promise<void> {
  const drifts = await recountPoll(store, poll, true);
  if (drifts.length > 0) log.error({ event: "totals_mended", poll: poll.slug, drifts });
  const lost = await closeBooks(store, await acceptedSoFar(store, [poll.id]));
  for (const books of lost.values())
    log.error({ event: "ballots_lost", poll: poll.slug, ...books });
}

/** Every queue was found and emptied, and none has lost its memory lately: nothing is on its way. */
export function atRest({ summary, lastDisturbanceMs }: FinishedPass): boolean {
  const calm = monotonicMs() - lastDisturbanceMs >= calmMs;
  return summary.waiting === 0 && summary.sawEverything && calm;
}

/**
 * Makes final what can be, after `pass`. Resolves with the polls that became final.
 *
 * @throws StoreFailure, MemcachedFailure: nothing is half done, it is tried again.
 */
export async function finalizePolls(
  deps: FinalizeDeps,
  pass: FinishedPass,
  nowMs: number,
): Promise<Poll[]> {
  if (!atRest(pass)) return [];
  const due = await closingPolls(deps.store, pass.startedAtMs - settleMs);
  const finalized: Poll[] = [];
  for (const poll of due) {
    await settleBooks(deps, poll);
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
