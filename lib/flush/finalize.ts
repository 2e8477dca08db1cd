/**
 * Makes polls final: a poll past its closing time goes from *closing* to *final* when all its ballots are
 * counted.
 *
 * Ballots from before the closing time may still be on their way: in a front that answers slowly or was stopped, in a
 * queue, or in a front's replay ring after memcached lost its memory. So a poll becomes final only
 *
 * 1. when it has closed by MySQL's clock and by the site's time, whatever this worker's machine says;
 * 2. after a pass that started long enough after that, read every queue, emptied all of them, and was not close to a
 *    loss of memory;
 * 3. when each front has said that it holds nothing from before the closing, has ended, or was declared gone
 *    (`fleet/fronts.ts`).
 *
 * No single clock makes a poll final: not MySQL's either, in a moment without fronts
 * (`docs/decisions/0025-when-a-poll-is-final.md`).
 *
 * Invariant: after `finalized_at` is set, nothing is added to a poll's totals: `flush/fates.ts` refuses its
 *   ballots.
 */
import { type Clock, monotonicMs, SECOND } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { acceptedSoFar, closeBooks } from "../books/books.ts";
import { recountPoll } from "../books/recount.ts";
import type { Fronts, WaitingResult } from "../fleet/fronts.ts";
import type { PollId } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import { publishCurrent } from "../polls/publish-current.ts";
import type { PublishedPolls } from "../polls/published.ts";
import { timelyLetters } from "../polls/timely-ballots.ts";
import type { TallyDeps } from "../rebuild/rebuild.ts";
import { reconcile } from "../rebuild/reconcile.ts";
import { readDatabaseClock } from "../store/clock.ts";
import type { Store } from "../store/database.ts";
import { finalizePoll } from "../store/poll-changes.ts";
import { closingPolls } from "../store/polls.ts";
import { completeReopenings, reopeningsOf } from "../store/reopenings.ts";
import type { PassSummary } from "./flusher.ts";
import { redriveLetter, redriveLetters } from "./redrive.ts";

/** More than the 3 s in which every request is answered. */
const answerMsMax = 4 * SECOND;
/** A replay ring is emptied within a second of a loss of memory; this is ten times as long. */
const calmMs = 10 * SECOND;

export interface FinalizeDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly fronts: Fronts;
  readonly published: PublishedPolls;
  readonly tallies: TallyDeps;
  /** True when MySQL has every commit at this moment: no backup has been restored since the pass. */
  readonly confirm: () => Promise<boolean>;
  /** Publishes what follows from the rows of a poll that has all of them. May throw StoreFailure, MemcachedFailure. */
  readonly publishOutcome: (poll: Poll) => Promise<void>;
}

/** A pass, with the moment when it started. */
export interface FinishedPass {
  readonly summary: PassSummary;
  /** Monotonic. */
  readonly startedMs: number;
  /** When a queue last lost its memory, went away or came back; monotonic. */
  readonly lastDisturbanceMs: number;
}

/** Counts the ballots that were set aside, when the poll's count was reopened for them. */
async function countSetAside({ store, log }: FinalizeDeps, poll: Poll): Promise<void> {
  const reopenings = (await reopeningsOf(store, [poll.id])).get(poll.id) ?? [];
  if (poll.closesAtMs === null || reopenings.every(({ finalAtMs }) => finalAtMs !== null)) return;
  for await (const ids of timelyLetters(store, poll.id, poll.closesAtMs)) {
    const together = await redriveLetters(store, ids);
    // One that is refused for another reason must not keep the others out.
    if (together.outcome === "stays") for (const id of ids) await redriveLetter(store, id);
    log.info({ event: "set_aside_counted", poll: poll.slug, letters: ids.length });
  }
}

function makeFinal({ store, clock }: FinalizeDeps, id: PollId): Promise<boolean> {
  const nowMs = clock.nowMs();
  return store.transaction(async db => {
    if (!(await finalizePoll(db, id, nowMs))) return false;
    await completeReopenings(db, id, nowMs);
    return true;
  });
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
 * Makes final every poll that can be after `pass`.
 *
 * @throws StoreFailure, MemcachedFailure: no poll is left half final; the next pass tries again.
 */
export async function finalizePolls(deps: FinalizeDeps, pass: FinishedPass): Promise<void> {
  if (!isQuiescent(pass)) return;
  // Usually there is none, and one query says so.
  if ((await closingPolls(deps.store, deps.clock.nowMs())).length === 0) {
    deps.fronts.noteWaiting([]);
    return;
  }
  const { theirMs: nowMs, answeredMs } = await readDatabaseClock(deps.store);
  const readAtMs = nowMs - (answeredMs - pass.startedMs);
  const sureMs = Math.min(readAtMs, deps.clock.nowMs() - (monotonicMs() - pass.startedMs));
  const due = await closingPolls(deps.store, sureMs - answerMsMax);
  if (due.length > 0 && !(await deps.confirm())) return;
  const waiting: WaitingResult[] = [];
  let finalized = 0;
  for (const poll of due) {
    const waits = await deps.fronts.waitingFor(poll, readAtMs, nowMs);
    if (waits) {
      waiting.push(waits);
      continue;
    }
    await countSetAside(deps, poll);
    await closePollBooks(deps, poll);
    if (!(await reconcile(deps.tallies, [poll], true))) continue;
    await deps.publishOutcome(poll);
    if (!(await makeFinal(deps, poll.id))) continue;
    await publishCurrent(deps, [poll.slug]);
    finalized += 1;
    deps.log.info({ event: "poll_final", poll: poll.slug });
  }
  deps.fronts.noteWaiting(waiting);
  if (finalized > 0) await deps.published.publishList(deps.clock.nowMs());
}
