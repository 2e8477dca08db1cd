/**
 * The most that could be lost if a front and its memcached died together right now: ballots that are acknowledged and
 * not yet in MySQL. Pure. docs/architecture.md, "What is promised, and what is not", states the promise.
 */

import { duration, plural } from "#lib/base/human-readable.ts";
import type { Books } from "#lib/books/books.ts";
import { oldestWaitMs, type Survey, slotsWaiting } from "./state.ts";

export interface LossBound {
  /** On how many servers a vote is stored now. */
  readonly copies: number;
  /** Slots that are not in MySQL. */
  readonly slots: number;
  /** Age of the oldest ballot in them, in milliseconds; 0 when nothing waits. */
  readonly oldestWaitMs: number;
  /** Ballots in them according to the latest books; `null`: not known yet. */
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
  return { ...bound, sentence: lossBoundSentence(bound, copies) };
}

function lossBoundSentence(bound: Omit<LossBound, "sentence">, copies: number): string {
  const { slots, ballots } = bound;
  if (bound.copies === 0) return "No queue server can be reached: votes go straight into MySQL.";
  if (bound.copies > 1) {
    return "Each vote is on two servers: if a front and one of them die together, nothing is lost.";
  }
  const why =
    copies > 1
      ? "There is one copy of each vote while a server is away"
      : "There is one copy of each vote";
  const what =
    slots === 0
      ? "nothing would be lost now, because nothing waits"
      : `the waiting votes could be lost now: ${plural(slots, "slot")}${ballots === null ? "" : `, about ${plural(ballots, "ballot")}`}, the oldest ${duration(bound.oldestWaitMs)} old`;
  return `${why}. If a front and its memcached died together, ${what}.`;
}
