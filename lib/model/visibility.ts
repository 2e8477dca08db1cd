/**
 * Who may see a poll's results, and when: the one place where that is decided, for the API, the stream,
 * held requests, the vote's answer, pages and the studio alike. Pure.
 */
import type { Poll } from "./poll.ts";
import { pollState } from "./poll-state.ts";

/** Who asks: anybody, somebody who has voted in this poll, or an editor. */
export type Requester = "reader" | "voter" | "editor";

export type VisibilityRules = Pick<
  Poll,
  "resultsTo" | "resultsFromMs" | "opensAtMs" | "closesAtMs" | "finalizedAtMs"
>;

/** Whether `requester` may see the results of a poll at this moment. */
export function maySeeResults(poll: VisibilityRules, requester: Requester, nowMs: number): boolean {
  if (poll.resultsTo === "nobody") return false;
  if (requester === "editor") return true;
  const state = pollState(poll, nowMs);
  const over = state === "closing" || state === "final";
  switch (poll.resultsTo) {
    case "everyone":
      return true;
    case "voters":
      return over || requester === "voter";
    case "after_close":
      return over;
    case "from_date":
      return poll.resultsFromMs !== null && nowMs >= poll.resultsFromMs;
    case "staff":
      return false;
  }
}

/** Whether having voted makes a difference now: then no answer may be kept for somebody else. */
export function dependsOnVoter(poll: VisibilityRules, nowMs: number): boolean {
  return maySeeResults(poll, "voter", nowMs) !== maySeeResults(poll, "reader", nowMs);
}
