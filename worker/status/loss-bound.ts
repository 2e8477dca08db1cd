/**
 * What could be lost at most, if a front and its memcached died together right now: what was acknowledged and is
 * not in MySQL yet. Pure. The promise behind it is in docs/architecture.md, "What is promised, and what is not".
 */

import { duration, plural } from "#lib/base/human-readable.ts";
import type { Books } from "#lib/books/books.ts";
import { oldestWaitMs, type Survey, slotsWaiting } from "./state.ts";

export interface LossBound {
  /** On how many servers a vote that comes now is stored. */
  readonly copies: number;
  /** Slots that are not in MySQL. */
  readonly slots: number;
  /** Age of the oldest ballot in them, in milliseconds; 0: there is none. */
  readonly oldestWaitMs: number;
  /** Ballots in them, as the books last had it; `null`: not known yet. */
  readonly ballots: number | null;
  readonly sentence: string;
}

/** @param copies - as configured. */
export function lossBound(survey: Survey, copies: number, books: Books | undefined): LossBound {
  const up = survey.servers.filter(({ holdsQueues, memory }) => holdsQueues && memory).length;
  const slots = slotsWaiting(survey);
  const bound = {
    copies: Math.min(copies, up),
    slots,
    oldestWaitMs: oldestWaitMs(survey),
    ballots: slots === 0 ? 0 : (books?.waiting ?? null),
  };
  return { ...bound, sentence: sentenceOf(bound, copies) };
}

function sentenceOf(bound: Omit<LossBound, "sentence">, copies: number): string {
  const { slots, ballots } = bound;
  if (bound.copies === 0) return "No queue server can be reached: votes go straight into MySQL.";
  if (bound.copies > 1) {
    return "Each vote is on two servers: a front and one of them may die together, and nothing is lost.";
  }
  const why =
    copies > 1
      ? "There is one copy of each vote while a server is away"
      : "There is one copy of each vote";
  const what =
    slots === 0
      ? "nothing would be lost now, because nothing waits"
      : `what waits could be lost now: ${plural(slots, "slot")}${ballots === null ? "" : `, about ${plural(ballots, "ballot")}`}, the oldest ${duration(bound.oldestWaitMs)} old`;
  return `${why}. If a front and its memcached died together, ${what}.`;
}
