/** Polls as the studio shows them: the poll, its state in words, its results so far. */
import { isFloodgateError } from "#lib/base/errors.ts";
import { sayTime } from "#lib/base/time-zone.ts";
import { type Books, readAllBooks } from "#lib/books/books.ts";
import type { Poll } from "#lib/model/poll.ts";
import { type PollState, pollState } from "#lib/model/poll-state.ts";
import type { Results } from "#lib/model/results.ts";
import { newestPolls } from "#lib/store/polls.ts";
import { getFront } from "#lib/web/front.ts";

export interface DeskPoll {
  readonly poll: Poll;
  readonly state: PollState;
  /** "Open, closes Sun 22 Nov 2026, 20:00 CET" */
  readonly stateInWords: string;
  /** `null` before the poll opens, and while results can't be read. */
  readonly results: Results | null;
}

const pollsMax = 100;

/** The books of all polls together. */
export function deskBooksOfAll(): Promise<Books> {
  return readAllBooks(getFront().store);
}

/** The newest polls. */
export async function deskPolls(): Promise<DeskPoll[]> {
  const polls = await newestPolls(getFront().store, pollsMax);
  return Promise.all(polls.map(toDeskPoll));
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
