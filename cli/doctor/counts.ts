/**
 * Whether the numbers agree: accepted ballots with their fates, rows with totals, totals with tallies. Counts only as
 * much again as is quick: the newest polls, and no large ones.
 */
import { monotonicMs, SECOND, sleep } from "#lib/base/clock.ts";
import { duration, plural } from "#lib/base/human-readable.ts";
import { type Books, readAllBooks, readBooks } from "#lib/books/books.ts";
import { recountPoll } from "#lib/books/recount.ts";
import { isMemcachedFailure } from "#lib/memcached/failure.ts";
import type { PollId } from "#lib/model/ids.ts";
import type { Poll } from "#lib/model/poll.ts";
import type { TallyDeps } from "#lib/rebuild/rebuild.ts";
import { compareTallies } from "#lib/rebuild/reconcile.ts";
import type { Store } from "#lib/store/database.ts";
import { listDeadLetters } from "#lib/store/dead-letters.ts";
import { allPollIds, countingPolls, newestPolls } from "#lib/store/polls.ts";
import { readTotals } from "#lib/store/totals.ts";
import { type Finding, findingsOrOk, ok, warn, wrong } from "./finding.ts";

/** Polls whose rows are counted again, at most. */
const pollsMax = 50;
/** A poll with more ballots is left to `floodgate recount`. */
const ballotsMax = 200_000;
const countingMsMax = SECOND;
/** For so long, no ballot may arrive although some wait. */
const arrivalMsMax = 5 * SECOND;
const watchStepMs = SECOND;
/** Polls whose tallies are compared, at most. */
const talliesMax = 200;

const numbers = (n: number) => n.toLocaleString("en");
const listed = new Intl.ListFormat("en-GB");

/**
 * While ballots wait, watches for some seconds whether they arrive: ballots that only seem to wait may be lost.
 *
 * @param readSlots - reads how many slots wait in the queues: the books may not know of their ballots yet.
 * @throws StoreFailure.
 */
export async function checkBooks(
  store: Store,
  readSlots: () => Promise<number>,
): Promise<Finding[]> {
  const read = async () => ({ ...(await readAllBooks(store)), slots: await readSlots() });
  const before = await read();
  let now = before;
  const startedMs = monotonicMs();
  while (isStill(before, now) && monotonicMs() - startedMs < arrivalMsMax) {
    await sleep(watchStepMs);
    now = await read();
  }
  const books = await readBooks(store, await allPollIds(store));
  const off = [...books].filter(([, { balanced }]) => !balanced).map(([id]) => id);
  return judgeBooks(before, now, off, arrivalMsMax);
}

/** The books of all polls, and the slots that wait in the queues. */
export type WatchedBooks = Books & { readonly slots: number };

/** Ballots that have arrived, whatever their fate. */
const arrived = ({ accepted, waiting, lost }: Books): number => accepted - waiting - lost;

/** Ballots wait, and none has arrived since. */
const isStill = (before: WatchedBooks, now: WatchedBooks): boolean =>
  now.waiting + now.slots > 0 && arrived(now) <= arrived(before);

function waitingText({ accepted, waiting, slots }: WatchedBooks): string {
  return waiting > 0
    ? `${numbers(waiting)} of ${numbers(accepted)} accepted ballots wait`
    : `ballots wait in ${plural(slots, "slot")}`;
}

/** @param off - polls whose books do not balance. */
export function judgeBooks(
  before: WatchedBooks,
  now: WatchedBooks,
  off: readonly PollId[],
  watchedMs: number,
): Finding[] {
  const { accepted, waiting, lost } = now;
  return findingsOrOk(
    [
      off.length > 0 &&
        wrong(
          "books",
          "the-books-do-not-balance",
          `${off.length === 1 ? "poll" : "polls"} ${listed.format(off.map(String))}: more or fewer ballots came out of the flush than went in`,
          "Run `floodgate recount`; look for books_do_not_balance in the worker's log.",
        ),
      lost > 0 &&
        warn(
          "books",
          "ballots-are-lost",
          `${numbers(lost)} of ${numbers(accepted)} accepted ballots are lost`,
          "Find the moment in the worker's log (ballots_lost), and what happened then.",
        ),
      isStill(before, now) &&
        warn(
          "books",
          "the-flush-is-stale",
          `${waitingText(now)}, and none arrived for ${duration(watchedMs)}`,
          "If nothing waits in the queues either, the worker calls them lost within a minute.",
        ),
    ],
    "books",
    `balance: ${numbers(accepted)} accepted, ${numbers(waiting)} of them waiting, none lost`,
  );
}

/** @throws StoreFailure. */
export async function checkLetters(store: Store): Promise<Finding[]> {
  const all = await listDeadLetters(store);
  const letters = all.filter(({ dismissed }) => !dismissed);
  if (letters.length === 0) {
    return [ok("dead letters", all.length === 0 ? "none" : `${all.length}, all dismissed`)];
  }
  const ballots = letters.reduce((sum, letter) => sum + letter.ballots, 0);
  return [
    wrong(
      "dead letters",
      "dead-letters",
      `${letters.length} open, with at least ${plural(ballots, "ballot")} that were accepted and not counted`,
      "`floodgate dead-letters` lists the reasons. When the cause is gone: `floodgate dead-letters --all`. For one that can never be counted: `--dismiss <number>`.",
    ),
  ];
}

/**
 * Rows against totals, and totals against tallies. Takes the locks of the queues only after it has found a difference,
 * for a moment, to be sure.
 *
 * @throws StoreFailure.
 */
export async function checkDrift(deps: TallyDeps): Promise<Finding[]> {
  const { store } = deps;
  const { recounted, off } = await recountSome(store, await newestPolls(store, pollsMax));
  const todo = "`floodgate recount` says how; `floodgate recount --repair` corrects it.";
  const section = "rows-totals-and-tallies-differ";
  const drift = off.map(slug =>
    wrong("counts", section, `rows and totals of ${slug} differ`, todo),
  );
  const tallies = await compareSome(deps);
  const compared = typeof tallies === "string" ? tallies : `tallies of ${tallies.compared} agree`;
  const offTallies = typeof tallies === "string" ? [] : tallies.off;
  return findingsOrOk(
    [
      ...drift,
      ...offTallies.map(({ slug }) =>
        wrong("counts", section, `totals and tallies of ${slug} differ`, todo),
      ),
    ],
    "counts",
    `rows and totals of ${plural(recounted, "poll")} agree; ${compared}`,
  );
}

async function recountSome(
  store: Store,
  polls: readonly Poll[],
): Promise<{ recounted: number; off: string[] }> {
  const totals = await readTotals(
    store,
    polls.map(({ id }) => id),
  );
  const startedMs = monotonicMs();
  const off: string[] = [];
  let recounted = 0;
  for (const poll of polls) {
    if ((totals.get(poll.id)?.ballots ?? 0) > ballotsMax) continue;
    if (monotonicMs() - startedMs > countingMsMax) break;
    recounted += 1;
    if ((await recountPoll(store, poll, false)).length > 0) off.push(poll.slug);
  }
  return { recounted, off };
}

/** A sentence when they could not be compared. */
async function compareSome(
  deps: TallyDeps,
): Promise<string | { readonly compared: number; readonly off: readonly Poll[] }> {
  const polls = (await countingPolls(deps.store, deps.clock.nowMs())).slice(0, talliesMax);
  try {
    const comparison = await compareTallies(deps, polls);
    if (comparison.state === "compared") return { compared: polls.length, off: comparison.off };
    return "tallies not compared: ballots wait in the queues";
  } catch (error) {
    if (!isMemcachedFailure(error)) throw error;
    return "tallies not compared: a memcached server is away";
  }
}
