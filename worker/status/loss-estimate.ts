/**
 * About how much would be lost if a front and its memcached died together right now: ballots that are acknowledged and
 * not yet in MySQL. Pure. docs/architecture.md, "What is promised, and what is not", states the promise.
 *
 * An estimate and no bound: it was read up to a second ago, and under load more has come since.
 */

import { duration, plural } from "#lib/base/human-readable.ts";
import type { Books } from "#lib/books/books.ts";
import { oldestWaitMs, type Survey, slotsWaiting } from "./state.ts";

export interface LossEstimate {
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
export function lossEstimate(
  survey: Survey,
  copies: number,
  books: Books | undefined,
): LossEstimate {
  const up = survey.servers.filter(({ holdsQueues, memory }) => holdsQueues && memory).length;
  const slots = slotsWaiting(survey);
  const estimate = {
    copies: Math.min(copies, up),
    slots,
    oldestWaitMs: oldestWaitMs(survey),
    ballots: slots === 0 ? 0 : (books?.waiting ?? null),
  };
  return { ...estimate, sentence: lossEstimateSentence(estimate, copies) };
}

function lossEstimateSentence(estimate: Omit<LossEstimate, "sentence">, copies: number): string {
  const { slots, ballots } = estimate;
  if (estimate.copies === 0) return "No queue server can be reached: votes go straight into MySQL.";
  if (estimate.copies > 1) {
    return "Each vote is on two servers: if a front and one of them die together, nothing is lost.";
  }
  const why =
    copies > 1
      ? "There is one copy of each vote while a server is away"
      : "There is one copy of each vote";
  const what =
    slots === 0
      ? "hardly anything would be lost now, because nothing waited when this was read"
      : `about ${plural(slots, "slot")}${ballots === null ? "" : ` with ${plural(ballots, "ballot")}`} could be lost now, the oldest ${duration(estimate.oldestWaitMs)} old`;
  return `${why}. If a front and its memcached died together, ${what}.`;
}
