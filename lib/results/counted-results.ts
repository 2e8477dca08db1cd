/**
 * Polls as MySQL has them at one moment: a poll, its books and its results from one snapshot, and the desk's page of
 * polls likewise. So a result has exactly the ballots that the books call counted. Readers' results come from tallies,
 * which may be ahead of it.
 */
import { allBooksIn, type Books, booksIn } from "../books/books.ts";
import { orWhenMemcachedFails } from "../memcached/failure.ts";
import type { Placement } from "../memcached/placement.ts";
import type { Slug } from "../model/ids.ts";
import type { Poll } from "../model/poll.ts";
import { type PollState, pollState } from "../model/poll-state.ts";
import type { Results } from "../model/results.ts";
import { maySeeResults } from "../model/visibility.ts";
import type { Store } from "../store/database.ts";
import {
  countPolls,
  type FoundPage,
  type PageOfPolls,
  type PollSelection,
  pollPage,
} from "../store/poll-lists.ts";
import { findPoll } from "../store/polls.ts";
import { readTotals } from "../store/totals.ts";
import { readRunoff } from "./published-runoff.ts";
import { hiddenSnapshot, tallySnapshot } from "./snapshot.ts";

export interface CountedPoll {
  readonly poll: Poll;
  /** `null` before the poll opens. */
  readonly counts: { readonly results: Results; readonly books: Books } | null;
}

/**
 * The poll with an editor's results. A ranked poll's runoff is the published one, which has a moment of its own, or
 * `null` while memcached is away. One transaction, up to nine queries.
 */
export async function readCounted(
  deps: { readonly store: Store; readonly placement: Placement },
  slug: Slug,
  nowMs: number,
): Promise<CountedPoll | undefined> {
  const read = await deps.store.transaction(async db => {
    const poll = await findPoll(db, slug);
    if (!poll) return undefined;
    const state = pollState(poll, nowMs);
    if (state === "draft" || state === "scheduled") return { poll };
    const totals = (await readTotals(db, [poll.id])).get(poll.id);
    return { poll, totals, books: (await booksIn(db, [poll.id])).get(poll.id) };
  }, true);
  if (!read?.books) return read && { poll: read.poll, counts: null };
  const { poll, books, totals = { ballots: 0, votes: new Map() } } = read;
  const hidden = hiddenSnapshot(poll, "editor", nowMs);
  if (hidden) return { poll, counts: { results: hidden.results, books } };
  const tally = { ...totals, version: 0, stored: totals.ballots, from: undefined };
  const runoff =
    poll.kind === "ranked"
      ? await orWhenMemcachedFails(readRunoff(deps.placement, poll.key), () => null)
      : null;
  const { results } = tallySnapshot(poll, { tally, runoff, asOfMs: nowMs }, "editor");
  return { poll, counts: { results, books } };
}

/** A poll of the desk's list. */
export interface CountedLine {
  readonly poll: Poll;
  readonly state: PollState;
  /** Ballots that count; `null` before the poll opens, and where not even editors see results. */
  readonly ballots: number | null;
}

export interface CountedPage extends FoundPage<CountedLine> {
  /** How many polls the words find, by state. */
  readonly counts: Readonly<Record<PollState | "all", number>>;
  /** Those of all polls together. */
  readonly books: Books;
}

/** One page of polls, with their states at the moment of `selection`. One transaction, up to eleven queries. */
export function readCountedPage(
  store: Store,
  selection: PollSelection,
  page: PageOfPolls,
): Promise<CountedPage> {
  const lineOf = (poll: Poll, ballots: number): CountedLine => {
    const state = pollState(poll, selection.nowMs);
    const isShown =
      state !== "draft" && state !== "scheduled" && maySeeResults(poll, "editor", selection.nowMs);
    return { poll, state, ballots: isShown ? ballots : null };
  };
  return store.transaction(async db => {
    const found = await pollPage(db, selection, page);
    const counts = await countPolls(db, selection);
    const books = await allBooksIn(db);
    const totals = await readTotals(
      db,
      found.polls.map(({ id }) => id),
    );
    const polls = found.polls.map(poll => lineOf(poll, totals.get(poll.id)?.ballots ?? 0));
    return { ...found, polls, counts, books };
  }, true);
}
