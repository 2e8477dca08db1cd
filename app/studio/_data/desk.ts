/** Polls as the studio shows them: the poll, its state in words, its results so far. */
import { isFloodgateError } from "#lib/base/errors.ts";
import { sayTime } from "#lib/base/time-zone.ts";
import { type Books, readAllBooks } from "#lib/books/books.ts";
import type { PollId } from "#lib/model/ids.ts";
import type { Poll } from "#lib/model/poll.ts";
import { type PollState, pollState } from "#lib/model/poll-state.ts";
import type { Results } from "#lib/model/results.ts";
import { searchText, searchWords } from "#lib/model/search-words.ts";
import {
  countPolls,
  type FoundPage,
  type PollFilter,
  pollFilters,
  pollPage,
} from "#lib/store/poll-lists.ts";
import { getFront } from "#lib/web/front.ts";

export interface DeskPoll {
  readonly poll: Poll;
  readonly state: PollState;
  /** "Open, closes Sun 22 Nov 2026, 20:00 CET" */
  readonly stateInWords: string;
  /** `null` before the poll opens, and while results can't be read. */
  readonly results: Results | null;
}

/** The books of all polls together. */
export function deskBooksOfAll(): Promise<Books> {
  return readAllBooks(getFront().store);
}

/** What the desk's address asks for. */
export interface DeskQuery {
  readonly state: PollFilter | undefined;
  /** As it was typed, in one form. */
  readonly search: string;
  /** Polls with lower numbers than this one, or with higher ones. */
  readonly before: PollId | undefined;
  readonly after: PollId | undefined;
}

export interface DeskPage extends FoundPage<DeskPoll> {
  /** How many polls the search finds, by state. */
  readonly counts: Readonly<Record<PollState | "all", number>>;
}

const pollsPerPage = 50;

/** The query in the address of the desk; what it does not understand is left out. */
export function deskQueryOf(
  parameters: Readonly<Record<string, string | string[] | undefined>>,
): DeskQuery {
  const one = (name: string) => [parameters[name] ?? []].flat()[0] ?? "";
  const id = (name: string) =>
    /^\d{1,10}$/.test(one(name)) ? (Number(one(name)) as PollId) : undefined;
  return {
    state: pollFilters.find(state => state === one("state")),
    search: searchText(one("q")),
    before: id("before"),
    after: id("after"),
  };
}

/** One page of polls, and how many there are. */
export async function deskPolls({ state, search, before, after }: DeskQuery): Promise<DeskPage> {
  const { store, clock } = getFront();
  const selection = { state, words: searchWords(search), nowMs: clock.nowMs() };
  const [found, counts] = await Promise.all([
    pollPage(store, selection, { before, after, limit: pollsPerPage }),
    countPolls(store, selection),
  ]);
  return { ...found, counts, polls: await Promise.all(found.polls.map(toDeskPoll)) };
}

async function toDeskPoll(poll: Poll): Promise<DeskPoll> {
  const state = pollState(poll, getFront().clock.nowMs());
  const counts = state !== "draft" && state !== "scheduled";
  return {
    poll,
    state,
    stateInWords: sayState(poll, state),
    results: counts ? await readResults(poll) : null,
  };
}

function readResults(poll: Poll): Promise<Results | null> {
  return getFront()
    .results.read(poll, "editor")
    .catch(error => {
      if (isFloodgateError(error)) return null;
      throw error;
    });
}

/** "Open, closes Sun 22 Nov 2026, 20:00 CET" */
export function sayState(poll: Poll, state: PollState): string {
  const formatTime = (ms: number | null) => sayTime(ms ?? 0, getFront().config.timeZone);
  switch (state) {
    case "draft":
      return "Draft";
    case "scheduled":
      return `Opens ${formatTime(poll.opensAtMs)}`;
    case "open":
      return poll.closesAtMs === null ? "Open" : `Open, closes ${formatTime(poll.closesAtMs)}`;
    case "closing":
      return "Closed, the last votes are being counted";
    case "final":
      return `Final, closed ${formatTime(poll.closesAtMs)}`;
  }
}
