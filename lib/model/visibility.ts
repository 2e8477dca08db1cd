/**
 * Who may see a poll's results, and when. The API, the stream, long polls, the vote's answer, pages and the studio all
 * use it. Pure.
 */
import type { Poll } from "./poll.ts";
import { pollState } from "./poll-state.ts";

/** The role of the requester: any reader, a reader who has voted in this poll, or an editor. */
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

/** Whether voters see more than other readers now: then an answer must not be cached for other readers. */
export function dependsOnVoter(poll: VisibilityRules, nowMs: number): boolean {
  return maySeeResults(poll, "voter", nowMs) !== maySeeResults(poll, "reader", nowMs);
}
