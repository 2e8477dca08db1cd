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
import { countPolls } from "#lib/store/poll-lists.ts";
import { allPollIds, countingPolls, everOpenPolls } from "#lib/store/polls.ts";
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

/** What was compared, and how much there is to compare. */
export interface Compared {
  /** Polls that ever opened. */
  readonly polls: number;
  /** Polls whose rows were counted again, and the slugs of those whose totals differ. */
  readonly recounted: number;
  readonly rowsOff: readonly string[];
  /** Polls that have opened and are not final. */
  readonly counting: number;
  /** A sentence when no tallies could be compared. */
  readonly tallies: string | { readonly compared: number; readonly off: readonly string[] };
}

/** Polls that were not compared are never reported as agreeing. */
export function judgeDrift({ polls, recounted, rowsOff, counting, tallies }: Compared): Finding[] {
  const differ = (what: string, slug: string) =>
    wrong(
      "counts",
      "rows-totals-and-tallies-differ",
      `${what} of ${slug} differ`,
      "`floodgate recount` says how; `floodgate recount --repair` corrects it.",
    );
  const { compared, off } = typeof tallies === "string" ? { compared: 0, off: [] } : tallies;
  const found = [
    ...rowsOff.map(slug => differ("rows and totals", slug)),
    ...off.map(slug => differ("totals and tallies", slug)),
  ];
  const left = [
    recounted < polls && `rows of ${numbers(polls - recounted)} of ${plural(polls, "poll")}`,
    typeof tallies !== "string" &&
      compared < counting &&
      `tallies of ${numbers(counting - compared)} of ${plural(counting, "poll")}`,
  ].filter(text => text !== false);
  const notLookedAt =
    left.length > 0 && `${listed.format(left)} not looked at: \`floodgate recount\` does`;
  if (found.length > 0) return notLookedAt ? [...found, ok("counts", notLookedAt)] : found;
  const agree = [
    `rows and totals of ${plural(recounted, "poll")} agree`,
    typeof tallies === "string" ? tallies : `tallies of ${numbers(compared)} agree`,
    ...(notLookedAt ? [notLookedAt] : []),
  ];
  return [ok("counts", agree.join("; "))];
}

/**
 * Rows against totals, and totals against tallies. Takes the locks of the queues only after it has found a difference,
 * for a moment, to be sure.
 *
 * @throws StoreFailure.
 */
export async function checkDrift(deps: TallyDeps): Promise<Finding[]> {
  const { store } = deps;
  const nowMs = deps.clock.nowMs();
  const { all, draft, scheduled } = await countPolls(store, { nowMs });
  const counting = await countingPolls(store, nowMs);
  return judgeDrift({
    polls: all - draft - scheduled,
    ...(await recountSome(store, await everOpenPolls(store, pollsMax))),
    counting: counting.length,
    tallies: await compareSome(deps, counting.slice(0, talliesMax)),
  });
}

async function recountSome(
  store: Store,
  polls: readonly Poll[],
): Promise<Pick<Compared, "recounted" | "rowsOff">> {
  const totals = await readTotals(
    store,
    polls.map(({ id }) => id),
  );
  const startedMs = monotonicMs();
  const rowsOff: string[] = [];
  let recounted = 0;
  for (const poll of polls) {
    if ((totals.get(poll.id)?.ballots ?? 0) > ballotsMax) continue;
    if (monotonicMs() - startedMs > countingMsMax) break;
    recounted += 1;
    if ((await recountPoll(store, poll, false)).length > 0) rowsOff.push(poll.slug);
  }
  return { recounted, rowsOff };
}

async function compareSome(deps: TallyDeps, polls: readonly Poll[]): Promise<Compared["tallies"]> {
  try {
    const comparison = await compareTallies(deps, polls);
    if (comparison.state === "compared") {
      return { compared: polls.length, off: comparison.off.map(({ slug }) => slug) };
    }
    return "tallies not compared: ballots wait in the queues";
  } catch (error) {
    if (!isMemcachedFailure(error)) throw error;
    return "tallies not compared: a memcached server is away";
  }
}
