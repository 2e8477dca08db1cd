/** Polls as the studio shows them: the poll, its state in words, its ballots so far. */
import { sayTime } from "#lib/base/time-zone.ts";
import type { PollId } from "#lib/model/ids.ts";
import type { Poll } from "#lib/model/poll.ts";
import type { PollState } from "#lib/model/poll-state.ts";
import { searchText, searchWords } from "#lib/model/search-words.ts";
import {
  type CountedLine,
  type CountedPage,
  readCountedPage,
} from "#lib/results/counted-results.ts";
import { type FoundPage, type PollFilter, pollFilters } from "#lib/store/poll-lists.ts";
import { getFront } from "#lib/web/front.ts";

export interface DeskPoll extends CountedLine {
  /** "Open, closes Sun 22 Nov 2026, 20:00 CET" */
  readonly stateInWords: string;
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

export type DeskPage = FoundPage<DeskPoll> & Pick<CountedPage, "counts" | "books">;

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

/** One page of polls, how many there are, and the books of all: of one moment. */
export async function deskPolls({ state, search, before, after }: DeskQuery): Promise<DeskPage> {
  const { store, clock } = getFront();
  const selection = { state, words: searchWords(search), nowMs: clock.nowMs() };
  const page = await readCountedPage(store, selection, { before, after, limit: pollsPerPage });
  const polls = page.polls.map(line => ({
    ...line,
    stateInWords: sayState(line.poll, line.state),
  }));
  return { ...page, polls };
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
